package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
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
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("%w: %s: the address must be s3://BUCKET/PREFIX", ErrUnfit, address)
	}
	endpoint, secure := "s3.amazonaws.com", true
	if other := first(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")); other != "" {
		e, err := url.Parse(other)
		if err != nil || e.Host == "" || e.Scheme != "http" && e.Scheme != "https" || strings.Trim(e.Path, "/") != "" {
			return nil, fmt.Errorf("%w: AWS_ENDPOINT_URL must be https://HOST or http://HOST:PORT, not %q", ErrUnfit, other)
		}
		endpoint, secure = e.Host, e.Scheme == "https"
	}
	client, err := minio.New(endpoint, &minio.Options{
		Secure: secure, Region: first(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
		Creds: credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}, &credentials.IAM{}}),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrUnfit, err)
	}
	return S3(client, u.Host, u.Path), nil
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
	case answer.Code == "NoSuchBucket", answer.Code == "AccessDenied", answer.Code == "InvalidAccessKeyId", answer.Code == "SignatureDoesNotMatch":
		return fmt.Errorf("%w: %s: %v", ErrUnfit, name, err)
	}
	return fmt.Errorf("%s: %w", name, err)
}

func (s *s3) get(ctx context.Context, name string, o minio.GetObjectOptions) (*minio.Object, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	object, err := s.client.GetObject(ctx, s.bucket, s.prefix+name, o)
	if err == nil {
		_, err = object.Stat() // GetObject sends nothing
	}
	if err != nil {
		return nil, explain(name, err)
	}
	return object, nil
}

func (s *s3) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := s.get(ctx, name, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	return object, nil
}

func (s *s3) Range(ctx context.Context, name string, at, n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	o := minio.GetObjectOptions{}
	if err := o.SetRange(at, at+n-1); err != nil {
		return nil, err
	}
	core := minio.Core{Client: s.client}
	in, _, _, err := core.GetObject(ctx, s.bucket, s.prefix+name, o)
	if err != nil {
		return nil, explain(name, err)
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, n))
	if err == nil && int64(len(data)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
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
