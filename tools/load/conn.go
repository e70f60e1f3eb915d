// Package load drives a lunpai service as its users do: it builds and starts the program and the
// store below it, founds sites, and sends visits over HTTP. The load generator and the torture run
// share it; nothing here is part of the product.
package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// answerTimeout bounds one request: longer than the service itself takes to say that it does not
// know.
const answerTimeout = 30 * time.Second

// Answer is what the service said to one request.
type Answer struct {
	Status   int
	Location string
	Replayed bool   // the command had run before: this is its first answer
	Body     []byte // valid until the connection's next request
}

// conn is a keep-alive HTTP/1.1 connection that carries one request at a time. It shares two
// processors with the service it measures, and costs a third of what net/http's client does: no
// goroutines, one write a request.
type conn struct {
	addr string
	tcp  net.Conn
	in   *bufio.Reader
	out  []byte
	body bytes.Buffer
	stop func() bool
}

// do sends a request and reads its answer. After an error the connection is closed and dialled
// again for the next request: what became of this one is unknown.
func (c *conn) do(
	ctx context.Context, method, path, token, key string, body string,
) (_ Answer, err error) {
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if err := c.dial(ctx); err != nil {
		return Answer{}, err
	}
	if err := c.tcp.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return Answer{}, err
	}
	c.write(method, path, token, key, body)
	if _, err := c.tcp.Write(c.out); err != nil {
		return Answer{}, err
	}
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return Answer{}, err
	}
	defer r.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, r.Body); err != nil {
		return Answer{}, err
	}
	if r.Close {
		c.close()
	}
	return Answer{
		Status: r.StatusCode, Location: r.Header.Get("Location"),
		Replayed: r.Header.Get("Idempotency-Replayed") != "", Body: c.body.Bytes(),
	}, nil
}

// write assembles the request.
func (c *conn) write(method, path, token, key, body string) {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: "...)
	c.out = append(c.out, c.addr...)
	if token != "" {
		c.out = append(c.out, "\r\nAuthorization: Bearer "...)
		c.out = append(c.out, token...)
	}
	if key != "" {
		c.out = append(c.out, "\r\nIdempotency-Key: "...)
		c.out = append(c.out, key...)
	}
	if body != "" {
		c.out = append(c.out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
		c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	}
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
}

// dial connects unless it is connected. The end of ctx breaks the connection.
func (c *conn) dial(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.tcp != nil {
		return nil
	}
	d := net.Dialer{Timeout: time.Second}
	tcp, err := d.DialContext(ctx, "tcp", c.addr)
	if err != nil {
		return err
	}
	c.tcp, c.in = tcp, bufio.NewReaderSize(tcp, 16<<10)
	c.stop = context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) })
	return nil
}

func (c *conn) close() {
	if c.tcp == nil {
		return
	}
	c.stop()
	_ = c.tcp.Close()
	c.tcp = nil
}

// errUnexpected is an answer that no retry can fix.
var errUnexpected = errors.New("unexpected answer")
