//go:build linux

package main_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What happens to the files of a world. Most mtimes lie in the past, on a clock of
// our own: a commit of a file that was modified just now has to wait.

// tick is the next moment of that clock: a nanosecond later, a second, or nearly.
func (w *world) tick() int64 {
	w.ticks++
	w.clock += []int64{1, 1e9, 1e9 - 1}[w.ticks%3]
	return w.clock
}

func (o op) path() string { return places[o.given("file", "a")] }

// next makes a content that was never there before.
func (w *world) next(o op) string {
	w.count++
	return fmt.Sprintf("%s%d", o.given("file", "a"), w.count)
}

// edit changes a file as an editor does. It makes it where it is gone.
func (w *world) edit(o op) {
	content := w.next(o)
	if o.arg["by"] != "rename" {
		w.write(o.path(), content)
	} else {
		w.write("../new", content)
		w.rename("../new", o.path())
	}
	w.modern(o)
}

// touch gives a file the present as its mtime.
func (w *world) touch(o op) {
	f, exists := w.look(o.path())
	if exists {
		w.write(o.path(), f.content)
		w.modern(o)
	}
}

// modern gives a file that was written just now a mtime of the past that is newer
// than all that it had before, if there is one.
func (w *world) modern(o op) {
	latest := int64(0)
	for _, f := range w.was[o.path()] {
		latest = max(latest, f.mtime)
	}
	if mtime := w.tick(); o.arg["now"] == "" && mtime > latest {
		w.setMtime(o.path(), mtime)
	}
	if at := o.arg["at"]; at != "" {
		seconds, err := strconv.ParseInt(at, 10, 64)
		check(err)
		w.setMtime(o.path(), seconds*1e9)
	}
	w.changed(o.path(), false)
}

// future gives a file a new content and a mtime that lies in the future: near,
// far, or so that "wait" sees it pass.
func (w *world) future(o op) {
	ahead := time.Hour
	switch o.arg["by"] {
	case "near":
		ahead = 50 * time.Millisecond
	case "passing":
		ahead = 5500 * time.Millisecond
		w.passed = time.Now().Add(ahead)
	}
	w.write(o.path(), w.next(o))
	mtime := time.Now().Add(ahead).UnixNano()
	w.coming[mtime] = true
	w.setMtime(o.path(), mtime)
	w.changed(o.path(), true)
}

// wait sleeps: what matters is the clock that treefilter reads, and treefilter itself
// waits for moments that are nearer.
func (w *world) wait(op) {
	if ahead := time.Until(w.passed); ahead > 0 {
		w.note("sleep %.1f", ahead.Seconds()+0.1)
		time.Sleep(ahead + 10*time.Millisecond)
	}
}

// restore puts an earlier version over a file, with its mtime; where there was
// none, an older file.
func (w *world) restore(o op) {
	f := file{mtime: 900_000_000*1e9 + int64(w.count), content: w.next(o)}
	if earlier := w.earlier(o); earlier != nil {
		f = *earlier
	}
	w.write("../new", f.content)
	w.setMtime("../new", f.mtime)
	w.settle() // a power cut must not tear the result: no program could notice
	w.rename("../new", o.path())
	w.changed(o.path(), true)
}

// setback gives a file the mtime of an earlier version.
func (w *world) setback(o op) {
	earlier := w.earlier(o)
	if _, exists := w.look(o.path()); exists && earlier != nil {
		w.setMtime(o.path(), earlier.mtime)
		w.changed(o.path(), true)
	}
}

// earlier is an earlier version of a file, nil when there is none.
func (w *world) earlier(o op) *file {
	back, err := strconv.Atoi(o.given("back", "1"))
	check(err)
	if i := len(w.was[o.path()]) - 1 - back; i >= 0 {
		return &w.was[o.path()][i]
	}
	return nil
}

func (w *world) remove(o op) {
	if f, exists := w.look(o.path()); exists {
		w.aside[o.path()] = f
		w.rename(o.path(), asideName(o.path()))
	}
}

func (w *world) comeBack(o op) {
	f, away := w.aside[o.path()]
	if !away {
		return
	}
	delete(w.aside, o.path())
	w.rename(asideName(o.path()), o.path())
	was := w.was[o.path()]
	w.changed(o.path(), w.blind[seenAt{o.path(), f}] || f != was[len(was)-1])
}

func asideName(path string) string { return "../aside-" + filepath.Base(path) }

// point makes the link f, if need be, and lets it lead to one of two files. The
// link is younger than both; by way of another link, it stays as it is.
func (w *world) point(o op) {
	if w.style == "inplace" || w.style == "replace" {
		return // work would change what it leads to, or the link
	}
	f, mid := w.path(places["f"]), w.path("../mid")
	w.note("ln -sfn %s ../mid", o.given("to", "one"))
	check(errors.Join(os.RemoveAll(mid), os.Symlink(o.given("to", "one"), mid)))
	if !exists(f) {
		for i, target := range []string{"one", "two"} {
			w.write("../"+target, target)
			w.setMtime("../"+target, 900_000_000*1e9+int64(i)*1e9)
		}
		w.note("ln -s ../../mid t/f")
		check(os.Symlink("../../mid", f))
	}
	w.changed(places["f"], true)
}

// depend changes the settings that are kept in a file.
func (w *world) depend(op) {
	w.count++
	w.write("../settings", fmt.Sprintf("s: %d", w.count))
	w.settle()
}

// changed notes what a change has made of a file, and whether that need not show.
func (w *world) changed(path string, blind bool) {
	f, _ := w.look(path)
	w.blind[seenAt{path, f}] = blind
	w.was[path] = append(w.was[path], f)
}

// seenAt is a file at a path.
type seenAt struct {
	path string
	file
}

// write writes what is in the file, as it stands.
func (w *world) write(path, content string) {
	w.note("echo %s >%s", quote([]string{content}), path)
	check(os.WriteFile(w.path(path), []byte(content+"\n"), 0o666))
}

func (w *world) rename(from, to string) {
	w.note("mv %s %s", from, to)
	check(os.Rename(w.path(from), w.path(to)))
}

func (w *world) setMtime(path string, mtime int64) {
	w.note("touch -d @%d.%09d %s", mtime/1e9, mtime%1e9, path)
	check(os.Chtimes(w.path(path), time.Time{}, time.Unix(0, mtime)))
}

// work is what a pipeline does with a file, as workScript does it.
func (w *world) work(o op, path string) {
	f, _ := w.look(path)
	result := []byte(w.resultOf(f, w.config(o)))
	inTree, to := w.path(path), w.out(o.arg["program"]+"/"+filepath.Base(path))
	w.note("OUT=%s CONFIG=%s sh ../work %s", w.scripted(w.out(o.arg["program"])), quote([]string{w.config(o)}), path)
	switch w.style {
	case "elsewhere":
		check(os.WriteFile(to, result, 0o666))
	case "inplace":
		check(os.WriteFile(inTree, result, 0o666))
	case "aside":
		check(os.WriteFile(to+".new", result, 0o666))
		check(os.Rename(to+".new", to))
	case "replace":
		check(os.WriteFile(to+".new", result, 0o666))
		check(os.Rename(to+".new", inTree))
	}
}

// resultOf is what work makes of a file under a config.
func (w *world) resultOf(f file, config string) string {
	source, _, _ := strings.Cut(f.content, " ")
	return source + " " + config + "\n"
}

// result is what work has left of a file elsewhere.
func (w *world) result(s subject) string {
	return w.content(w.out(s.program + "/" + filepath.Base(s.path)))
}
