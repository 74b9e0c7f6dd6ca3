// Partial updates: links and forms of a page replace its contents without loading it as a
// whole, and keep open fields open and the place of the page. Everything works without
// this script.
"use strict";

const main = () => document.getElementById("main");
let running = null;

// load fetches a page of this server and shows its contents.
async function load(address, push, place) {
  if (running) running.abort();
  const mine = running = new AbortController();
  main().setAttribute("aria-busy", "true");
  let response, text;
  try {
    response = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    text = await response.text();
  } catch (fault) {
    if (fault.name === "AbortError") return;
    main().removeAttribute("aria-busy");
    location.assign(address); // the browser says what is wrong
    return;
  }
  const type = response.headers.get("Content-Type") || "";
  const next = type.startsWith("text/html") && new DOMParser().parseFromString(text, "text/html");
  if (!next || !next.getElementById("main")) {
    location.assign(address);
    return;
  }
  const same = new URL(address, location.href).pathname === shown;
  const open = new Map([...document.querySelectorAll("details.facet")].map(d => [d.id, d.open]));
  const focused = document.activeElement, way = focused && main().contains(focused) ? path(focused) : "";
  const value = focused && focused.name;
  const list = document.querySelector(".facets"), at = list ? list.scrollTop : 0;
  for (const d of next.querySelectorAll("details.facet")) if (open.has(d.id)) d.open = open.get(d.id);
  document.title = next.title;
  document.querySelector("header.top").replaceWith(next.querySelector("header.top"));
  main().replaceWith(next.getElementById("main"));
  if (push) history.pushState(null, "", address);
  shown = location.pathname;
  const part = place && document.getElementById(place.slice(1));
  if (part) {
    part.scrollIntoView();
    return;
  }
  if (!same) {
    scrollTo(0, 0);
    main().focus({ preventScroll: true });
    return;
  }
  const again = value ? document.getElementById(focused.id) : way && document.querySelector(way);
  if (again) again.focus({ preventScroll: true });
  const now = document.querySelector(".facets");
  if (now) now.scrollTop = at;
}
let shown = location.pathname;

// path names an element by its place, so that the focus can return to it.
function path(element) {
  const parts = [];
  for (let e = element; e && e !== document.body; e = e.parentElement) {
    if (e.id) {
      parts.unshift("#" + CSS.escape(e.id));
      break;
    }
    parts.unshift(e.tagName + ":nth-child(" + ([...e.parentElement.children].indexOf(e) + 1) + ")");
  }
  return parts.join(" > ");
}

document.addEventListener("click", event => {
  const link = event.target.closest("a[href]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const to = new URL(link.href);
  if (link.hasAttribute("download") || to.origin !== location.origin || link.getAttribute("href").startsWith("#")) return;
  event.preventDefault();
  load(to.pathname + to.search, true, to.hash);
});

document.addEventListener("submit", event => {
  const form = event.target, data = new FormData(form), query = new URLSearchParams();
  if (form.method !== "get") return;
  const list = form.dataset.list, listed = [];
  for (const [name, value] of data) {
    if (name === list) listed.push(value);
    else if (value !== "") query.append(name, value);
  }
  if (listed.length) query.set(list, listed.join(","));
  event.preventDefault();
  const text = query.toString();
  load(form.getAttribute("action") + (text ? "?" + text : ""), true);
});

addEventListener("popstate", () => load(location.pathname + location.search, false));

// Keys: / searches, n and p go to the next and the previous person or page.
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const to = { "/": "#q", n: "a[rel=next]", p: "a[rel=prev]" }[event.key], found = to && document.querySelector(to);
  if (!found) return;
  event.preventDefault();
  if (event.key === "/") found.focus();
  else found.click();
});
