package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

// s3 keeps objects in a bucket, under a prefix.
type s3 struct {
	client         *minio.Client
	bucket, prefix string
}

// openS3 opens a bucket by the environment that other S3 tools read: AWS_ENDPOINT_URL_S3 or
// AWS_ENDPOINT_URL for another service than Amazon's, AWS_REGION, and credentials from
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the shared file, or the machine's role.
func openS3(address string) (Store, error) {
	bucket, prefix, err := parseS3(address)
	if err != nil {
		return nil, err
	}
	endpoint, secure := "s3.amazonaws.com", true
	if other := first(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")); other != "" {
		e, err := url.Parse(other)
		if err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https" || strings.Trim(e.Path, "/") != "" || e.User != nil || e.RawQuery != "" {
			return nil, fmt.Errorf("%w: AWS_ENDPOINT_URL must be https://HOST or http://HOST:PORT, not %q", ErrUnfit, masked(other))
		}
		endpoint, secure = e.Host, e.Scheme == "https"
	}
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	transport.DialContext = impatient(transport.DialContext)
	client, err := minio.New(endpoint, &minio.Options{
		Secure: secure, Transport: transport, Region: first(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Creds: credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}}),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnfit, err)
	}
	return S3(client, bucket, prefix), nil
}

// parseS3 returns the bucket and the prefix of an address. The prefix is taken as it is written,
// as other tools for S3 do.
func parseS3(address string) (bucket, prefix string, err error) {
	bucket, prefix, _ = strings.Cut(strings.TrimPrefix(address, "s3://"), "/")
	prefix = strings.Trim(prefix, "/")
	if s3utils.CheckValidBucketName(bucket) != nil || strings.ContainsAny(bucket, ":@") {
		return "", "", fmt.Errorf("%w: %s: the address must be s3://BUCKET/PREFIX; credentials are those of the environment", ErrUnfit, masked(address))
	}
	if prefix != "" && checkName(prefix) != nil || strings.ContainsFunc(prefix, func(r rune) bool { return r == '?' || unicode.IsControl(r) || r == utf8.RuneError }) {
		return "", "", fmt.Errorf("%w: %s: the prefix must be a path without empty, . or .. elements, backslashes, question marks and control characters", ErrUnfit, masked(address))
	}
	return bucket, prefix, nil
}

// masked is an address for messages, without what may be credentials.
func masked(address string) string {
	address, _, query := strings.Cut(address, "?")
	if query {
		address += "?..."
	}
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	host, path, has := strings.Cut(rest, "/")
	if at := strings.LastIndexByte(host, '@'); at >= 0 {
		host = "..." + host[at:]
	} else if strings.Contains(rest, "@") { // a slash may be in a password
		return scheme + "://..."
	}
	if has {
		path = "/" + path
	}
	return scheme + "://" + host + path
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// S3 returns the store in a bucket, under a prefix.
func S3(client *minio.Client, bucket, prefix string) Store {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &s3{client, bucket, prefix}
}

func (s *s3) String() string { return "s3://" + s.bucket + "/" + s.prefix }

// largestPut is the most that one request can put, which is all that can be put if absent.
const largestPut = 5 << 30

func (s *s3) put(ctx context.Context, name string, from io.Reader, size int64, o minio.PutObjectOptions) error {
	if err := checkName(name); err != nil {
		return err
	}
	if size > largestPut {
		return fmt.Errorf("%w: %s has %d bytes, and one object can have %d; make smaller parts", ErrUnfit, name, size, int64(largestPut))
	}
	o.DisableMultipart, o.SendContentMd5 = true, true
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+name, from, size, o)
	return explain(name, err)
}

func (s *s3) Put(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	return s.put(ctx, name, from, size, minio.PutObjectOptions{})
}

func (s *s3) PutIfAbsent(ctx context.Context, name string, from io.ReadSeeker, size int64) error {
	o := minio.PutObjectOptions{}
	o.SetMatchETagExcept("*")
	return s.put(ctx, name, from, size, o)
}

// explain makes an answer of the service an error of a store.
func explain(name string, err error) error {
	if err == nil {
		return nil
	}
	switch answer := minio.ToErrorResponse(err); {
	case answer.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%s: %w", name, ErrExists)
	case answer.Code == "NoSuchKey":
		return fmt.Errorf("%s: %w", name, ErrAbsent)
	case answer.Code == "NoSuchBucket", answer.Code == "AccessDenied", answer.Code == "InvalidAccessKeyId", answer.Code == "SignatureDoesNotMatch", answer.Code == "RequestTimeTooSkewed":
		return fmt.Errorf("%w: %s: %v", ErrUnfit, name, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// stall is how long a connection may transfer nothing before it counts as lost.
var stall = 2 * time.Minute

// impatient returns a function that dials as another does, for connections that are lost when
// they stall. The client repeats requests that end so, and those that are refused because there
// are too many (503), up to ten times, at growing intervals.
func impatient(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &impatientConn{conn}, nil
	}
}

type impatientConn struct{ net.Conn }

func (c *impatientConn) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(stall))
	return c.Conn.Read(p)
}

func (c *impatientConn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(stall))
	return c.Conn.Write(p)
}

// mostResumed is how often reading an object goes on after its connection was lost.
const mostResumed = 8

// object reads an object, or a range of it. It goes on with another connection where one is
// lost.
type object struct {
	*s3
	ctx      context.Context
	name     string
	at, end  int64 // of what is left; the end is -1 before the first answer
	etag     string
	in       io.ReadCloser
	attempts int
}

func (o *object) open() error {
	options := minio.GetObjectOptions{}
	if o.end >= 0 {
		if err := options.SetRange(o.at, o.end-1); err != nil {
			return err
		}
	}
	if o.etag != "" {
		if err := options.SetMatchETag(o.etag); err != nil {
			return err
		}
	}
	core := minio.Core{Client: o.client}
	in, info, _, err := core.GetObject(o.ctx, o.bucket, o.prefix+o.name, options)
	if err != nil {
		return explain(o.name, err)
	}
	o.in = in
	if o.end < 0 {
		o.end = info.Size
	}
	o.etag = info.ETag
	return nil
}

func (o *object) Read(p []byte) (int, error) {
	for {
		if o.at >= o.end {
			return 0, io.EOF
		}
		n, err := o.in.Read(p[:min(int64(len(p)), o.end-o.at)])
		o.at += int64(n)
		if n > 0 || err == nil {
			return n, nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if o.attempts++; o.attempts > mostResumed || o.ctx.Err() != nil {
			return 0, fmt.Errorf("%s: %w", o.name, err)
		}
		o.in.Close()
		select {
		case <-o.ctx.Done():
			return 0, o.ctx.Err()
		case <-time.After(time.Duration(o.attempts*o.attempts) * 20 * time.Millisecond):
		}
		if err := o.open(); err != nil {
			return 0, err
		}
	}
}

func (o *object) Close() error { return o.in.Close() }

func (s *s3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	o := &object{s3: s, ctx: ctx, name: name, end: -1}
	if err := o.open(); err != nil {
		return nil, err
	}
	return o, nil
}

func (s *s3) Range(ctx context.Context, name string, at, n int64) ([]byte, error) {
	if err := checkName(name); err != nil || n == 0 {
		return nil, err
	}
	o := &object{s3: s, ctx: ctx, name: name, at: at, end: at + n}
	if err := o.open(); err != nil {
		return nil, err
	}
	defer o.Close()
	data := make([]byte, n)
	_, err := io.ReadFull(o, data)
	return data, err
}

func (s *s3) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}) {
			if o.Err != nil {
				yield(Object{}, explain(prefix, o.Err))
				return
			}
			if !yield(Object{strings.TrimPrefix(o.Key, s.prefix), o.Size}, nil) {
				return
			}
		}
	}
}

func (s *s3) Remove(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	err := explain(name, s.client.RemoveObject(ctx, s.bucket, s.prefix+name, minio.RemoveObjectOptions{}))
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	return err
}
