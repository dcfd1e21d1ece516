package walk

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A look at a device that does not answer holds up neither the other workers nor
// what handles Ctrl-C: not even where there is only one P.
func TestHungLookHoldsUpNothingElse(t *testing.T) {
	if root := os.Getenv("WALK_HUNG"); root != "" {
		walkHung(t, root)
		return
	}
	if exec.Command("unshare", "-rm", "test", "-r", "/dev/fuse").Run() != nil {
		t.Skip("no mounts, or no FUSE")
	}
	self, err := os.Executable()
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "-rm", self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1", "WALK_HUNG="+makeTree(t, "a.d/file", "hung.d/", "z.d/file"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if strings.Contains(string(out), "--- SKIP") {
		t.Skipf("%s", out)
	}
}

// walkHung walks a tree of which a part comes to hang after the walk has begun.
func walkHung(t *testing.T, root string) {
	fuse, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	must(t, err)
	mounted := make(chan error, 1)
	mount := sync.OnceFunc(func() {
		mounted <- unix.Mount("none", filepath.Join(root, "hung.d"), "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse))
	})
	walked := make(chan outcome)
	go func() {
		walked <- walkTree(root, Options{Workers: 1, Mark: func(string) bool {
			mount()
			return false
		}})
	}()
	if err := <-mounted; err != nil {
		t.Skipf("mount: %v", err)
	}
	const getattr = 3
	for fuseRequest(t, fuse) != getattr {
	}
	unix.Close(fuse) // what waits for it fails
	o := <-walked
	if o.err != nil || !slices.Equal(o.paths, []string{"a.d/file", "z.d/file"}) || !slices.Contains(o.errs, "stat ROOT/hung.d") {
		t.Errorf("%+v", o)
	}
}

// fuseRequest reads a request of the kernel to a file system, and answers it if it
// is the first one (fuse(4)).
func fuseRequest(t *testing.T, fd int) (opcode uint32) {
	request := make([]byte, 1<<17)
	_, err := unix.Read(fd, request)
	must(t, err)
	const fuseInit = 26
	le := binary.LittleEndian
	if opcode = le.Uint32(request[4:]); opcode == fuseInit {
		answer := make([]byte, 16+64)
		le.PutUint32(answer, uint32(len(answer)))
		copy(answer[8:16], request[8:16]) // its number
		le.PutUint32(answer[16:], 7)      // version 7.31
		le.PutUint32(answer[20:], 31)
		_, err = unix.Write(fd, answer)
		must(t, err)
	}
	return opcode
}
