//go:build linux

package main_test

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
)

func TestSurvey(t *testing.T) {
	if os.Getenv("SURVEY") == "" {
		t.Skip()
	}
	first, count := number(t, "MODEL_FIRST", 0), number(t, "SURVEY", 300)
	binary := build(t, nil)
	var next atomic.Int64
	var mu sync.Mutex
	sig := map[string]int{}
	short := map[string]*failure{}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				n := int(next.Add(1)) - 1
				if n >= count {
					return
				}
				f := play(binary, generate(first+n))
				if f == nil {
					continue
				}
				f.number = first + n
				f = shrink(f, func(ops []op) *failure { return play(binary, ops) })
				k := f.fault.kind
				for _, o := range f.ops {
					if o.verb != "world" && o.verb != "filter" {
						k += " " + o.verb
					}
				}
				mu.Lock()
				if sig[k]++; short[k] == nil || len(text(f.ops)) < len(text(short[k].ops)) {
					short[k] = f
				}
				fmt.Printf("FOUND %d %s\n", f.number, k)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for k, n := range sig {
		fmt.Printf("%4d %s\n%s\n%v\n", n, k, text(short[k].ops), short[k].fault)
	}
}
