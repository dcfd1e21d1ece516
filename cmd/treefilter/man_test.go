package main

import (
	"os/exec"
	"strings"
	"testing"
)

func TestManualIsComplete(t *testing.T) {
	_, parser := newParser()
	text := manual(parser.Model, nil)
	for _, node := range append(parser.Model.Children, parser.Model.Node) {
		if node != parser.Model.Node && !strings.Contains(text, "\n.SS "+node.Name+"\n") {
			t.Errorf("it has no part about %s", node.Name)
		}
		for _, flag := range node.Flags {
			if !strings.Contains(text, escapeRoff("--"+flag.Name)) {
				t.Errorf("it does not explain --%s", flag.Name)
			}
			if !isRequest(flag) && !strings.Contains(text, variable(flag.Name)) {
				t.Errorf("it does not name %s", variable(flag.Name))
			}
		}
	}
}

// TestManualLint asks the strictest of the programs that read it.
func TestManualLint(t *testing.T) {
	needTool(t, "mandoc")
	_, parser := newParser()
	cmd := exec.CommandContext(t.Context(), "mandoc", "-T", "lint", "-W", "style")
	cmd.Stdin = strings.NewReader(manual(parser.Model, nil))
	if output, err := cmd.CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestRoffText(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"words":   {"one\ntwo", ".PP\none two\n"},
		"escaped": {`-a 'b' \c`, ".PP\n" + `\-a \(aqb\(aq \ec` + "\n"},
		"no request": {".treefilter\n'quoted'",
			".PP\n" + `\&.treefilter \(aqquoted\(aq` + "\n"},
		"long": {strings.Repeat("nine-four ", 9),
			".PP\n" + strings.Repeat(`nine\-four `, 6) + `nine\-four` + "\n" + `nine\-four nine\-four` + "\n"},
		"terms": {"0         done\n130, 143  ended by SIGINT,\n          SIGTERM",
			".TP\n\\fB0\\fR\ndone\n.TP\n\\fB130, 143\\fR\nended by SIGINT,\nSIGTERM\n"},
		"example": {"so:\n\n  treefilter  .\n\nand so on",
			".PP\nso:\n.PP\n.EX\n  treefilter  .\n.EE\n.PP\nand so on\n"},
	} {
		m := roff{begun: true}
		m.text(c.text)
		if got := m.String(); got != c.want {
			t.Errorf("%s: %q becomes\n%swant\n%s", name, c.text, got, c.want)
		}
	}
}
