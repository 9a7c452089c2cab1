package readme

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../../.." // of the project

// block is what stands between two fences of README.
type block struct {
	language string
	text     string
	file     string // where the sentence before it says that it belongs: "in a file `first.c`"
}

// title is the block's first line, by which a person finds it.
func (b block) title() string {
	line, _, _ := strings.Cut(b.text, "\n")
	line, _, _ = strings.Cut(line, "  ")
	return line[:min(len(line), 40)]
}

// maxLines is how long a program of README's may be.
const maxLines = 36

// programs are the languages whose blocks are files, with the names that those have.
var programs = map[string]string{
	"c": ".c", "cpp": ".cpp", "java": ".java", "python": ".py", "js": ".mjs", "rust": ".rs", "toml": ".toml", "go": ".go",
	"cmake": "CMakeLists.txt",
}

func readBlocks(t *testing.T) (text string, blocks []block) {
	t.Helper()
	bytes, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	text = string(bytes)
	fence, name := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$"), regexp.MustCompile("`([\\w./-]+)`")
	end := 0
	for _, at := range fence.FindAllStringSubmatchIndex(text, -1) {
		b := block{language: text[at[2]:at[3]], text: text[at[4]:at[5]]}
		before := text[end:at[0]]
		end = at[1]
		if suffix, is := programs[b.language]; is {
			for _, m := range name.FindAllStringSubmatch(before, -1) {
				if strings.HasSuffix(m[1], suffix) {
					b.file = m[1]
				}
			}
			if b.file == "" {
				t.Fatalf("README.md does not say into which file this goes:\n%s", b.text)
			}
			if lines := strings.Count(b.text, "\n"); lines > maxLines {
				t.Errorf("README's %s has %d lines, and should have at most %d", b.file, lines, maxLines)
			}
		}
		blocks = append(blocks, b)
	}
	return text, blocks
}

// lines are the commands of a block, without comments.
func (b block) lines() (commands []string) {
	for line := range strings.Lines(b.text) {
		line, _, _ = strings.Cut(line, "  #")
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			commands = append(commands, line)
		}
	}
	return commands
}
