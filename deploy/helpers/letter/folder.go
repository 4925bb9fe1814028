package main

import (
	"os"
	"path/filepath"
)

// putInto writes a file into a folder so that whoever watches the folder sees it
// whole or not at all, and so that it is there after a power cut. Only the owner can
// read it. Errors are *failure with exitFolder.
func putInto(dir, name string, content []byte) error {
	f, err := os.CreateTemp(dir, ".letter-*") // mode 0600
	if err != nil {
		return failf(exitFolder, "the folder takes no file: %v", cause(err))
	}
	defer os.Remove(f.Name()) // of no effect once it is renamed
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		return failf(exitFolder, "writing into the folder: %v", cause(err))
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// cause is an error of the file system without the file's name.
func cause(err error) error {
	for {
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return err
		}
		err = u.Unwrap()
	}
}
