// go run watch.go 'http://127.0.0.1:8000/sse?feed=eventos'   (a token, if the server wants one, in FASTTRACK_TOKEN)
package main

import (
	"bufio"
	"fmt"
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
		if answer, err := http.DefaultClient.Do(request); err == nil {
			if answer.StatusCode == 204 {
				return // the feed is at its end
			}
			lines := bufio.NewScanner(answer.Body)
			lines.Buffer(nil, 4<<20)
			for lines.Scan() {
				if id, found := cut(lines.Text(), "id: "); found {
					cursor = id
				} else if data, found := cut(lines.Text(), "data: "); found {
					fmt.Println(data)
					if strings.Contains(data, `"resume":"reset"`) {
						fmt.Fprintln(os.Stderr, "messages are missing: fetch the present state by REST")
					}
				}
			}
			answer.Body.Close()
		}
		time.Sleep(time.Second)
	}
}

func cut(line, prefix string) (string, bool) {
	return strings.TrimPrefix(line, prefix), strings.HasPrefix(line, prefix)
}
