package main

import (
	"errors"
	"os"
	"path/filepath"
)

// must runs commands that print nothing and are not measured.
func (b *bench) must(cs ...command) error {
	for _, c := range cs {
		if _, err := b.mustPrint(c, ""); err != nil {
			return err
		}
	}
	return nil
}

// forgetting forgets what a program keeps, on disk, too.
func forgetting(t tree, program string) func() error {
	return func() error { return errors.Join(forget(t, program), syncAll()) }
}

// measureExec runs a command on each file, beside xargs.
func (b *bench) measureExec(t tree) error {
	xargs := command{name: "xargs -n1 -P2", args: []string{b.tools.xargs, "-0", "-n1", "-P2", "/bin/true"}, stdin: t.list()}
	run := b.own(t, scratch).command("exec", "-j2", t.root, "--", "/bin/true")
	run.name = "treefilter exec -j2"
	cs := []contender{{command: run, before: forgetting(t, scratch)}}
	if b.tools.xargs != "" {
		cs = append([]contender{{command: xargs, before: forgetting(t, scratch)}}, cs...)
	}
	return errors.Join(b.measure("exec", t, cs), forget(t, scratch))
}

// measureCommit stamps every path, from nothing, beside a plain lstat.
func (b *bench) measureCommit(t tree) error {
	lstat := command{name: "sequential lstat", args: []string{b.tools.floor, "--lstat"}, stdin: t.list()}
	err := b.measure("commit", t, []contender{
		{command: lstat, want: count(t.files), before: forgetting(t, scratch)},
		{command: b.own(t, scratch).commit(t.list()), before: forgetting(t, scratch)},
	})
	return errors.Join(err, forget(t, scratch))
}

// measureWAL filters with all stamps in the snapshot, then with all of them in the WAL.
func (b *bench) measureWAL(t tree) error {
	if err := b.must(b.own(t, scratch).commit(t.list())); err != nil {
		return err
	}
	snapshot, wal := b.filter(t), b.own(t, scratch).filter()
	snapshot.name, wal.name = "stamps in the snapshot", "stamps in the WAL"
	return errors.Join(b.measure("wal", t, []contender{{command: snapshot}, {command: wal}}), forget(t, scratch))
}

// measureDumpNew folds new stamps of files in 1,000 directories, or as many as there
// are, into a snapshot of the whole tree.
func (b *bench) measureDumpNew(t tree) (err error) {
	s := b.own(t, scratch)
	if err := b.must(s.commit(t.list()), s.dump()); err != nil {
		return err
	}
	snapshot, _ := stateFiles(t, scratch)
	full, err := keep(t, snapshot)
	if err != nil {
		return err
	}
	files, err := t.touch(1000)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.restore(), full.remove(), forget(t, scratch)) }()
	list := t.list() + ".new"
	if err := writePaths(list, files.paths); err != nil {
		return err
	}
	return b.measure("dump-new", t, []contender{{command: s.dump(), before: func() error {
		return errors.Join(full.restore(t, scratch), b.must(s.commit(list)), syncAll())
	}}})
}

// measureDumpFirst makes the snapshot from nothing but a WAL.
func (b *bench) measureDumpFirst(t tree) (err error) {
	firsts := []struct {
		name, program, list string
		state               stateOf
	}{
		{"WAL in walk order", scratch, t.list(), b.own(t, scratch)},
		{"WAL in no order", mixed, t.shuffled(), b.own(t, mixed)},
	}
	if b.tools.before != "" {
		firsts = append(firsts, firsts[0])
		firsts[2].name, firsts[2].program, firsts[2].state = before, older, b.before(t)
	}
	var cs []contender
	for _, f := range firsts {
		if err := errors.Join(forget(t, f.program), b.must(f.state.commit(f.list))); err != nil {
			return err
		}
		_, wal := stateFiles(t, f.program)
		all, keepErr := keep(t, wal)
		if keepErr != nil {
			return keepErr
		}
		defer func() { err = errors.Join(err, all.remove(), forget(t, f.program)) }()
		c := f.state.dump()
		c.name = f.name
		cs = append(cs, contender{command: c, before: func() error { return all.restore(t, f.program) }})
	}
	return b.measure("dump-first", t, cs)
}

// measureHuge commits a quarter of the paths and all of them, each with its dump, dumps
// a WAL with all of them, and filters with it.
func (b *bench) measureHuge(t tree) error {
	paths, err := readPaths(t.list())
	if err != nil {
		return err
	}
	quarter := filepath.Join(b.Work, "lists", t.name+".quarter")
	defer os.Remove(quarter)
	if err := writePaths(quarter, paths[:len(paths)/4]); err != nil {
		return err
	}
	s := b.own(t, scratch)
	if err := errors.Join(forget(t, scratch), b.must(s.commit(t.list()))); err != nil {
		return err
	}
	_, wal := stateFiles(t, scratch)
	all, err := keep(t, wal)
	if err != nil {
		return err
	}
	committing := func(name, list string) contender {
		c := s.command("commit", "--dump", "always", t.root)
		c.name, c.stdin = name, list
		return contender{command: c, before: forgetting(t, scratch)}
	}
	whole := func() error { return all.restore(t, scratch) }
	dump, filter := s.dump(), s.filter()
	dump.name, filter.name = "dump", "filter, all in the WAL"
	err = b.measure("huge", t, []contender{
		committing("commit of a quarter", quarter),
		committing("commit of all", t.list()),
		{command: dump, before: whole},
		{command: filter, before: whole},
	})
	return errors.Join(err, all.remove(), forget(t, scratch))
}
