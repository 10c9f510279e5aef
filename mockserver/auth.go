package mockserver

import (
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/vismanet-go/background/mockserver/internal/check"
	"github.com/vismanet-go/background/mockserver/internal/gate"
)

// AuthMode says which credentials will do.
type AuthMode string

// These are the modes of authorization.
const (
	AuthOff    AuthMode = ""       // any token and none; it only tells the company
	AuthAny    AuthMode = "any"    // some token; if Config.Companies has entries, one that the mock knows
	AuthStrict AuthMode = "strict" // one of the token endpoint, not expired, for a known tenant, with the scope of the call
)

// Auth configures the token endpoint, POST /connect/token, and how the tokens
// of requests are checked. The endpoint is there in every mode.
type Auth struct {
	Mode AuthMode

	// Clients are the applications that may get a token, by client id. If it is
	// empty, any id and secret will do; [New] refuses that with AuthStrict.
	Clients map[string]AuthClient

	// Tenants maps tenant ids to companies. A token for another tenant is issued
	// too, as the vendor does for the tenant of a customer, but AuthStrict
	// answers its calls 401. If it is empty, a tenant's id is the company's
	// number.
	Tenants map[string]string

	// TokenLife is how long a token is good. Default: 1 h.
	TokenLife time.Duration

	// SigningKey signs the tokens; mocks with the same key take each other's.
	// Default: derived from Config.Seed, or random.
	SigningKey string
}

// An AuthClient is one application.
type AuthClient struct {
	Secret string

	// Scopes are those that it may ask for; it gets all of them if it names none.
	// Default: ScopeRead, ScopeCreate, ScopeUpdate and ScopeDelete.
	Scopes []string
}

// The scopes of service applications. Which one guards which call is not
// documented. AuthStrict wants read for GET, create for POST, update for PUT
// and actions, and delete for DELETE; it takes the same scopes of
// vismanet_erp_interactive_api too.
const (
	ScopeRead   = "vismanet_erp_service_api:read"
	ScopeCreate = "vismanet_erp_service_api:create"
	ScopeUpdate = "vismanet_erp_service_api:update"
	ScopeDelete = "vismanet_erp_service_api:delete"
)

func (a Auth) withDefaults(seed uint64) Auth {
	if a.TokenLife == 0 {
		a.TokenLife = time.Hour
	}
	switch {
	case a.SigningKey != "":
	case seed != 0:
		a.SigningKey = "seed " + strconv.FormatUint(seed, 10)
	default:
		a.SigningKey = rand.Text()
	}
	return a
}

func (a Auth) validate() error {
	errs := []error{check.NotNegative("Auth.TokenLife", a.TokenLife)}
	switch a.Mode {
	case AuthOff, AuthAny:
	case AuthStrict:
		if len(a.Clients) == 0 {
			errs = append(errs, errors.New("Auth.Clients: AuthStrict needs at least one"))
		}
	default:
		errs = append(errs, fmt.Errorf("Auth.Mode: %q is not one of its values", a.Mode))
	}
	for _, id := range slices.Sorted(maps.Keys(a.Clients)) {
		if id == "" || a.Clients[id].Secret == "" {
			errs = append(errs, fmt.Errorf("Auth.Clients[%q]: neither id nor Secret may be empty", id))
		}
	}
	for _, tenant := range slices.Sorted(maps.Keys(a.Tenants)) {
		if tenant == "" || a.Tenants[tenant] == "" {
			errs = append(errs, fmt.Errorf("Auth.Tenants[%q]: neither tenant nor company may be empty", tenant))
		}
	}
	return errors.Join(errs...)
}

// credentials are what the gate goes by.
func (c Config) credentials() *gate.Credentials {
	clients := make(map[string]gate.Client, len(c.Auth.Clients))
	for id, client := range c.Auth.Clients {
		clients[id] = gate.Client(client)
	}
	return &gate.Credentials{
		Mode: gate.Mode(c.Auth.Mode), Companies: c.Companies, Standard: c.DefaultCompany,
		Clients: clients, Tenants: c.Auth.Tenants, TokenLife: c.Auth.TokenLife, SigningKey: c.Auth.SigningKey,
	}
}
