package filter

import (
	"errors"
	"sync"
)

// claims are the files that this run has in hand: from before their command
// starts until their stamp is written, or their command has failed. Other runs
// pass over them meanwhile, and so does this one where a path comes twice.
type claims struct {
	mu   sync.Mutex
	held map[claimed]bool
}

type claimed struct {
	destination *destination
	rel         string
}

var (
	errInHand = errors.New("another run has it in hand")
	errDone   = errors.New("done meanwhile")
)

// take claims a file. errInHand is one that another run has in hand, errDone one
// that this run has.
func (c *claims) take(t *destination, rel string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[claimed{t, rel}] {
		return errDone
	}
	free, err := t.Claim(rel)
	if err != nil {
		return err
	}
	if !free {
		return errInHand
	}
	if c.held == nil {
		c.held = map[claimed]bool{}
	}
	c.held[claimed{t, rel}] = true
	return nil
}

// release gives a file up. One that is not held is none to be given up.
func (c *claims) release(t *destination, rel string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.held[claimed{t, rel}] {
		return nil
	}
	delete(c.held, claimed{t, rel})
	return t.Release(rel)
}
