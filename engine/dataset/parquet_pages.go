package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// mostPage bounds the bytes of a page, unpacked. Writers make pages of about 1 MB, or
// one of a row group.
const mostPage = 256 << 20

// checkPages reads the headers of a column chunk's pages and checks that the pages lie
// within it and are no larger than mostPage, because the library allocates what a
// header states before it reads the page: a file of 3 kB could take gigabytes.
func checkPages(file io.ReaderAt, m *format.ColumnMetaData) error {
	base := m.DataPageOffset
	if m.DictionaryPageOffset != 0 {
		base = m.DictionaryPageOffset
	}
	var protocol thrift.CompactProtocol
	for at := int64(0); at < m.TotalCompressedSize; {
		left := &countingReader{r: io.NewSectionReader(file, base+at, m.TotalCompressedSize-at)}
		in := bufio.NewReaderSize(left, 512)
		var h format.PageHeader
		if err := thrift.NewDecoder(protocol.NewReader(in)).Decode(&h); err != nil {
			if errors.Is(err, io.EOF) {
				return nil // the library ends here, too
			}
			return fmt.Errorf("the Parquet file is corrupt: the header of a page: %w", err)
		}
		at += left.n - int64(in.Buffered())
		size := int64(h.CompressedPageSize)
		if size < 0 || size > m.TotalCompressedSize-at || h.UncompressedPageSize < 0 {
			return errors.New("the Parquet file is corrupt: a page is longer than its column")
		}
		if h.UncompressedPageSize > mostPage {
			return fmt.Errorf("a page of the Parquet file has %d MB, more than %d; write it with smaller pages", h.UncompressedPageSize>>20, mostPage>>20)
		}
		at += size
	}
	return nil
}

// countingReader counts the bytes that are read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
