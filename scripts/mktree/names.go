package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// file is one file to make.
type file struct {
	name  string
	mtime time.Time
}

// namer invents a directory's files. Each directory has a generator of its
// own, so that the outcome does not depend on which worker makes it when.
type namer struct {
	seed  uint64
	weird bool
}

// firstMtime and mtimeSpan bound the mtimes: ten years, all of them past.
var firstMtime = time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC).Unix()

const mtimeSpan = 10 * 365 * 24 * 3600

// files returns the n files of the directory numbered index, in an order
// that is not the order of their names.
func (nm namer) files(index, n int) []file {
	rnd := rand.New(rand.NewPCG(nm.seed, uint64(index)+1))
	out := make([]file, n)
	for i, number := range rnd.Perm(n) {
		out[i].name = fmt.Sprintf("img%05d.%s", number, suffixes[rnd.IntN(len(suffixes))])
		if nm.weird && number%10 == 0 {
			out[i].name = weirdName(number / 10)
		}
		out[i].mtime = time.Unix(firstMtime+rnd.Int64N(mtimeSpan), rnd.Int64N(1e9))
	}
	return out
}

var suffixes = []string{"jpg", "jpeg", "png", "cr2", "mov", "txt"}

// weirdName returns the number-th weird name; names after the first round
// carry their round, so that no two are alike.
func weirdName(number int) string {
	name := weird[number%len(weird)]
	round := number / len(weird)
	if round == 0 {
		return name
	}
	tail := fmt.Sprintf("~%d", round)
	return name[:min(len(name), nameMax-len(tail))] + tail
}

// nameMax is the longest name, in bytes, that common filesystems allow.
const nameMax = 255

// weird holds names that some program, somewhere, has stumbled over.
var weird = []string{
	"new\nline.jpg",
	"-rf",
	" leading and trailing ",
	"odd: name.jpg",
	"#comment.jpg",
	`quote"s'.jpg`,
	`back\slash.jpg`,
	"tab\there.jpg",
	"bell\a\x1b[31mred.jpg",
	"caf\xe9-latin1.jpg",
	"caf\u00e9-composed.jpg",
	"cafe\u0301-decomposed.jpg",
	"\u65e5\u672c\u8a9e.jpg",
	"\U0001f33b.jpg",
	"\u2028separator.jpg",
	"\ufeffbom.jpg",
	"~",
	"null",
	"true",
	"no",
	"1e3",
	"0x1F",
	"2024-01-01",
	".inf",
	"<<",
	"=",
	"*star[a-z]?.jpg",
	"{flow: map}",
	"!!binary",
	"- item",
	"? key",
	"%percent%20.jpg",
	"$HOME `id`;&|.jpg",
	"...",
	".hidden",
	"no-suffix",
	strings.Repeat("long", 62) + ".jpg",
}
