//go:build !unix

package inputs

const nonBlocking = 0
