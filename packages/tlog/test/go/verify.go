// Verify reads a folder with a log and checks it with golang.org/x/mod/sumdb: checkpoint and older checkpoint, every tile, every entry, one proof of
// inclusion and one of consistency. It shares no code with what wrote the folder.
//
// Usage: verify <folder> <verifier key>
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := verify(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func verify(dir, key string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(filepath.Join(dir, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	old, err := openCheckpoint(filepath.Join(dir, "checkpoint.old"), verifier)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, &folder{dir})
	if err := checkEntries(dir, tree, reader); err != nil {
		return err
	}
	if old.N > 0 {
		// The older tree, made anew from the tiles of the newer one. (Go gives the empty tree another hash than RFC 6962.)
		if root, err := tlog.TreeHash(old.N, reader); err != nil || root != old.Hash {
			return fmt.Errorf("the older tree is not in the newer one: %v", err)
		}
		proof, err := readHashes(filepath.Join(dir, "consistency"))
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("consistency: %v", err)
		}
	}
	if tree.N > 0 {
		index := tree.N / 2
		proof, err := readHashes(filepath.Join(dir, "inclusion"))
		if err != nil {
			return err
		}
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
			return fmt.Errorf("inclusion: %v", err)
		}
	}
	fmt.Printf("verified %d entries\n", tree.N)
	return nil
}

func openCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("%s: %v", path, err)
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func readHashes(path string) ([]tlog.Hash, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var hashes []tlog.Hash
	for _, line := range strings.Fields(string(text)) {
		bytes, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return nil, fmt.Errorf("%s: not a hash: %s", path, line)
		}
		var hash tlog.Hash
		copy(hash[:], bytes)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// checkEntries reads every hash of every level-0 tile (which checks the tiles above, too) and compares it with the entry.
func checkEntries(dir string, tree tlog.Tree, reader tlog.HashReader) error {
	for start := int64(0); start < tree.N; start += 256 {
		width := tree.N - start
		if width > 256 {
			width = 256
		}
		bundle, err := os.ReadFile(filepath.Join(dir, tilePath("entries", start/256, int(width))))
		if err != nil {
			return err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return fmt.Errorf("tile %d: %v", start/256, err)
		}
		for i := range indexes {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("bundle %d ends early", start/256)
			}
			end := 2 + int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:end]) != hashes[i] {
				return fmt.Errorf("entry %d is not the one of its hash", start+int64(i))
			}
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return fmt.Errorf("bundle %d is too long", start/256)
		}
	}
	return nil
}

type folder struct{ dir string }

func (f *folder) Height() int { return 8 }

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(f.dir, tilePath(strconv.Itoa(tile.L), tile.N, tile.W)))
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

func (f *folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func tilePath(level string, index int64, width int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	path = "tile/" + level + "/" + path
	if width < 256 {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}
