package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// The picture has a line for each pair that a row sets side by side, and on it a dot
// for each tree, and a mark for what was promised. It is drawn without a library, and
// the same for the same results.
//
// Its colours are seen on white and on black: which of them a page has, a picture in it
// cannot know.
const (
	pictureStyle = `text{font:13px system-ui,sans-serif;fill:#7a828e}.h{font-weight:600}.e{text-anchor:end}.m{text-anchor:middle}` +
		`line{stroke:#7a828e}.g{opacity:.35}.l{stroke-width:6;opacity:.25}`
	labelWidth  = 470
	axisWidth   = 420
	lineHeight  = 24
	topMargin   = 62
	mostPainted = 2.0 // what is more lies at the edge
)

// treeColours are the dots' colours; small trees share one with the large ones.
var treeColours = []struct{ colour, trees, name string }{
	{"#2f81f7", "flat flat-10k", "flat"},
	{"#d29922", "deep deep-10k huge", "deep"},
	{"#a371f7", "many few single slow", "other"},
	{"#2da44e", "real go yours", "real"},
}

func colourOf(tree string) string {
	for _, c := range treeColours {
		if slices.Contains(strings.Fields(c.trees), tree) {
			return c.colour
		}
	}
	return "#7a828e"
}

// A pictureLine is one target with its verdicts, one a tree.
type pictureLine struct {
	label    string
	most     float64
	verdicts []verdict
}

// pictureLines gathers the ratios, in the order of the targets.
func pictureLines(verdicts []verdict) []pictureLine {
	var out []pictureLine
	for _, v := range verdicts {
		if v.limit.kind != ratio || v.limit.most > mostPainted {
			continue
		}
		label := v.row + ": " + v.name + " / " + v.limit.beside
		if len(out) == 0 || out[len(out)-1].label != label || out[len(out)-1].most != v.limit.most {
			out = append(out, pictureLine{label: label, most: v.limit.most})
		}
		last := &out[len(out)-1]
		last.verdicts = append(last.verdicts, v)
	}
	return out
}

// picture draws the ratios as SVG.
func picture(verdicts []verdict) string {
	lines := pictureLines(verdicts)
	bottom := topMargin + lineHeight*len(lines)
	var w strings.Builder
	fmt.Fprintf(&w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img">`+"\n<title>Times of treefilter, as ratios</title>\n<style>%s</style>\n",
		labelWidth+axisWidth+40, bottom+16, pictureStyle)
	drawLegend(&w)
	for _, tick := range []float64{0, 0.5, 1, 1.5, mostPainted} {
		x := across(tick)
		fmt.Fprintf(&w, `<line class="g" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="m" x="%.1f" y="%d">%g</text>`+"\n",
			x, topMargin-8, x, bottom, x, topMargin-14, tick)
	}
	for i, line := range lines {
		line.draw(&w, topMargin+lineHeight*i+lineHeight/2)
	}
	w.WriteString("</svg>\n")
	return w.String()
}

func drawLegend(w *strings.Builder) {
	fmt.Fprintf(w, `<text class="h e" x="%d" y="20">ratio of times: less is better</text>`+"\n", labelWidth-16)
	x := labelWidth + 6
	for _, c := range treeColours {
		fmt.Fprintf(w, `<circle cx="%d" cy="16" r="5" fill="%s"/><text x="%d" y="20">%s</text>`+"\n", x, c.colour, x+10, c.name)
		x += 70
	}
	fmt.Fprintf(w, `<line class="l" x1="%d" y1="16" x2="%d" y2="16"/><text x="%d" y="20">promised</text>`+"\n", x, x+24, x+32)
}

// across is where a ratio lies on the axis.
func across(ratio float64) float64 {
	return labelWidth + axisWidth*min(ratio, mostPainted)/mostPainted
}

func (l pictureLine) draw(w *strings.Builder, y int) {
	fmt.Fprintf(w, `<text class="e" x="%d" y="%d">%s</text><line class="l" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n",
		labelWidth-16, y+4, l.label, across(0), y, across(l.most), y)
	for _, v := range l.verdicts {
		fmt.Fprintf(w, `<circle cx="%.1f" cy="%d" r="5" fill="%s"><title>%s: %.2f</title></circle>`+"\n",
			across(v.value), y, colourOf(v.tree), v.tree, v.value)
	}
}

// redraw draws the picture of results beside them.
func redraw(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	results, err := readResults(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(filepath.Join(filepath.Dir(file), pictureFile), []byte(picture(judge(results))), 0o644)
}
