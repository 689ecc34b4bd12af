// go run watch.go 'http://127.0.0.1:8000/sse?feed=eventos'   (a token, if the server wants one, in FASTTRACK_TOKEN)
package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

func main() {
	cursor := ""
	for {
		request, _ := http.NewRequest("GET", os.Args[1], nil)
		if cursor != "" {
			request.Header.Set("Last-Event-ID", cursor)
		}
		if token := os.Getenv("FASTTRACK_TOKEN"); token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		if answer, err := http.DefaultClient.Do(request); err != nil {
			fmt.Fprintln(os.Stderr, err)
		} else {
			switch answer.StatusCode {
			case 204:
				return // the feed is at its end
			case 400, 401, 403, 404:
				fmt.Fprintln(os.Stderr, "refused:", answer.Status)
				os.Exit(1)
			}
			cursor = read(answer.Body, cursor)
			answer.Body.Close()
		}
		time.Sleep(time.Second)
	}
}

// read prints messages until the stream ends, and returns the id of the last one that came whole: an empty
// line ends a message, and what a broken connection left of one is sent again.
func read(body io.Reader, cursor string) string {
	id, data := "", ""
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" && data != "" {
			fmt.Println(data)
			if strings.Contains(data, `"resume":"reset"`) {
				fmt.Fprintln(os.Stderr, "messages are missing: fetch the present state by REST")
			}
			if id != "" {
				cursor = id
			}
			id, data = "", ""
		} else if value, found := cut(line, "id: "); found {
			id = value
		} else if value, found := cut(line, "data: "); found {
			data = value
		}
	}
	return cursor
}

func cut(line, prefix string) (string, bool) {
	return strings.TrimPrefix(line, prefix), strings.HasPrefix(line, prefix)
}
