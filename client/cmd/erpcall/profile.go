package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/vismanet-go/background/internal/cli"
	"github.com/vismanet-go/background/internal/spell"
)

// A configuration is the file with the profiles.
type configuration struct {
	Default  string             `yaml:"default"`
	Profiles map[string]profile `yaml:"profiles"`
}

// A profile is one company, as the file has it.
type profile struct {
	name string

	URL             string `yaml:"url"`
	TokenURL        string `yaml:"token-url"`
	ClientID        string `yaml:"client-id"`
	ClientSecret    string `yaml:"client-secret"`
	Token           string `yaml:"token"`
	Tenant          string `yaml:"tenant"`
	Company         string `yaml:"company"`
	Store           string `yaml:"store"`
	StoreTenant     string `yaml:"store-tenant"`
	DatabaseURL     string `yaml:"database-url"`
	DatabaseURLFile string `yaml:"database-url-file"`
	Notify          string `yaml:"notify"`
	NotifySecret    string `yaml:"notify-secret"`
}

// readProfile returns the profile that is meant; an empty one without a
// configuration.
func (a *app) readProfile() (profile, error) {
	file, named := a.Lookup(envConfig), true
	if file == "" {
		dir, err := a.configDir()
		if err != nil {
			return profile{}, err
		}
		file, named = filepath.Join(dir, "config.yaml"), false
	}
	c, err := readConfiguration(file)
	if errors.Is(err, fs.ErrNotExist) && !named && a.profile == "" {
		return profile{}, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return profile{}, cli.Usagef("--profile: there is no configuration: %w", err)
	}
	if err != nil {
		return profile{}, cli.UsageError{Err: err}
	}
	name := a.profile
	if name == "" {
		name = c.Default
	}
	if name == "" && len(c.Profiles) == 1 {
		for name = range c.Profiles {
		}
	}
	p, ok := c.Profiles[name]
	switch {
	case ok:
		p.name = name
		return p, nil
	case name == "":
		return profile{}, nil
	}
	known := slices.Sorted(maps.Keys(c.Profiles))
	return profile{}, cli.Usagef("--profile %q: %s has %s%s", name, file, strings.Join(known, ", "), spell.Hint(name, known))
}

// readConfiguration reads a file that nobody but its owner may read.
func readConfiguration(name string) (configuration, error) {
	var c configuration
	info, err := os.Stat(name)
	if err != nil {
		return c, err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return c, fmt.Errorf("%s: others can read it (%#o): run chmod 600 %s", name, mode, name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return c, err
	}
	if err := yaml.UnmarshalWithOptions(data, &c, yaml.Strict()); err != nil {
		return c, fmt.Errorf("%s: %s", name, withoutSource(err))
	}
	for profile := range c.Profiles {
		if err := checkProfileName(profile); err != nil {
			return c, fmt.Errorf("%s: %w", name, err)
		}
	}
	return c, nil
}

// withoutSource is what is wrong with a configuration, without anything that it says:
// what is no name of a key may be a secret.
func withoutSource(err error) string {
	_, unknown := errors.AsType[*yaml.UnknownFieldError](err)
	_, other := errors.AsType[*yaml.UnexpectedNodeTypeError](err)
	_, kind := errors.AsType[*yaml.TypeError](err)
	text := yaml.FormatError(err, false, false)
	if twice := strings.Contains(text, "] mapping key "); unknown || other || kind || twice {
		return text
	}
	place := ""
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil && e.GetToken().Position != nil {
		at := e.GetToken().Position
		place = fmt.Sprintf("[%d:%d] ", at.Line, at.Column)
	}
	return place + "no YAML: put a value in quotes that has a sign in it, such as a secret"
}

// checkProfileName checks what a file in the directory of erpcall is named by.
func checkProfileName(name string) error {
	switch {
	case name == mockProfile || name == namelessStore:
		return fmt.Errorf("profile %q: want another name: erpcall keeps something else under this one", name)
	case name == "" || strings.Trim(name, ".") == "" || strings.ContainsFunc(name, func(c rune) bool {
		return c < ' ' || strings.ContainsRune(`/\:*?"<>|`, c)
	}):
		return fmt.Errorf("profile %q: want a name that a file may have", name)
	}
	return nil
}

// What erpcall keeps without a profile.
const (
	mockProfile   = "mock"
	namelessStore = "operations"
)

// configDir is where the configuration is.
func (a *app) configDir() (string, error) {
	if dir := a.Lookup("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "erpcall"), nil
	}
	if home := a.Lookup("HOME"); runtime.GOOS == "linux" && home != "" {
		return filepath.Join(home, ".config", "erpcall"), nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("where is the configuration? set %s: %w", envConfig, err)
	}
	return filepath.Join(dir, "erpcall"), nil
}

// stateDir is where what is known of operations is kept.
func (a *app) stateDir() (string, error) {
	if dir := a.Lookup("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "erpcall"), nil
	}
	home := a.Lookup("HOME")
	switch {
	case runtime.GOOS == "windows" && a.Lookup("LocalAppData") != "":
		return filepath.Join(a.Lookup("LocalAppData"), "erpcall"), nil
	case runtime.GOOS == "darwin" && home != "":
		return filepath.Join(home, "Library", "Application Support", "erpcall"), nil
	case home != "":
		return filepath.Join(home, ".local", "state", "erpcall"), nil
	}
	return "", errors.New("where is what is known of operations to be kept? set XDG_STATE_HOME or --store")
}
