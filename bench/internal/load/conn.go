package load

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Conn is one kept-alive HTTP/1.1 connection. It is for one goroutine.
type Conn struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
	out  bytes.Buffer
}

// Dial connects to a base URL such as "http://127.0.0.1:8787".
func Dial(ctx context.Context, base string) (*Conn, error) {
	addr := strings.TrimPrefix(base, "http://")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &Conn{addr: addr, conn: conn, in: bufio.NewReader(conn)}, nil
}

// Close closes the connection.
func (c *Conn) Close() error { return c.conn.Close() }

// A Call is a request; Header holds whole lines that end with "\r\n".
type Call struct {
	Method, Path, Header string
	Body                 []byte
}

// Do makes a call and returns status and body of the answer.
func (c *Conn) Do(call Call) (status int, body []byte, err error) {
	c.out.Reset()
	c.out.WriteString(call.Method + " " + call.Path + " HTTP/1.1\r\nHost: " + c.addr + "\r\n" + call.Header)
	if call.Method != http.MethodGet {
		c.out.WriteString("Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(call.Body)) + "\r\n")
	}
	c.out.WriteString("\r\n")
	c.out.Write(call.Body)
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return 0, nil, err
	}
	resp, err := http.ReadResponse(c.in, &http.Request{Method: call.Method})
	if err != nil {
		return 0, nil, fmt.Errorf("%s %s: %w", call.Method, call.Path, err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// Want makes a call and wants a status.
func (c *Conn) Want(status int, call Call) ([]byte, error) {
	got, body, err := c.Do(call)
	if err == nil && got != status {
		err = fmt.Errorf("%s %s: answered %d, want %d: %.200s", call.Method, call.Path, got, status, body)
	}
	return body, err
}

// DialAll makes n connections, which stop closes.
func DialAll(ctx context.Context, base string, n int) (conns []*Conn, stop func(), err error) {
	stop = func() {
		for _, c := range conns {
			_ = c.Close()
		}
	}
	for range n {
		c, err := Dial(ctx, base)
		if err != nil {
			stop()
			return nil, nil, err
		}
		conns = append(conns, c)
	}
	return conns, stop, nil
}
