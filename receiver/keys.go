package receiver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/vismanet-go/background/internal/usercode"
)

// keys returns the signing keys, those of the list first. An error, which is
// logged, says that there may be more.
func (rc *Receiver) keys(ctx context.Context) ([]string, error) {
	return rc.known(ctx, "SigningKeysFunc", rc.cfg.SigningKeys, rc.cfg.SigningKeysFunc, goodKey)
}

// secrets is keys for the capability secrets.
func (rc *Receiver) secrets(ctx context.Context) ([]string, error) {
	return rc.known(ctx, "CapabilitySecretsFunc", rc.cfg.CapabilitySecrets, rc.cfg.CapabilitySecretsFunc, goodSecret)
}

// known returns the list and what the function adds to it.
func (rc *Receiver) known(ctx context.Context, field string, list []string, more func(context.Context) ([]string, error), good string) ([]string, error) {
	if more == nil {
		return list, nil
	}
	// A sender that hangs up is no reason to fail, see keep.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rc.cfg.StoreTimeout)
	defer cancel()
	var got []string
	err := usercode.Call("Config."+field, func() (err error) {
		got, err = more(ctx)
		return err
	})
	if err == nil {
		if err = checkSecrets("what it returned", got, good); err == nil && len(list)+len(got) == 0 {
			err = errors.New("it returned none, and there is no list")
		}
		got = slices.DeleteFunc(slices.Clone(got), func(s string) bool { return checkSecrets("", []string{s}, "") != nil })
	} else {
		got = nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", field, err)
		rc.broken.log(ctx, slog.LevelError, "keys could not be had: what only they can authenticate is answered 503", usercode.Logged(err)...)
	}
	return append(slices.Clip(list), got...), err
}
