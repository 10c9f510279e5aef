package store

import "strings"

// Tenants of an application are never empty, and none begins with an asterisk:
// those are words of this package.
const (
	// AnyTenant is not the tenant of any record: where a method says that it
	// takes AnyTenant, it means the records of all tenants.
	AnyTenant = "*any"
	// NoTenant is the tenant of a record that was made for a notification of an
	// unknown operation whose sender named no tenant.
	NoTenant = "*none"
	// DeliveryTenant is the tenant of all deliveries, whatever company their
	// notification is about: a receiver serves many. A delivery is a record in
	// phase [Delivery], or [Dead] once its handler gave it up. No operation may
	// have this tenant.
	//
	// A notification whose Deliver is set makes such a record, in the same step
	// that records it with its operation. It is the work item of the receiver's
	// handlers and has a lease, attempts and a due time of its own, so that
	// handling a notification and polling its operation never wait for each
	// other. Runs are counted as those of an operation. [RetryDecision] plans
	// another run; [InterruptDecision] takes back the count of one;
	// [DeadLetterDecision] moves the delivery to phase [Dead], and
	// [ReplayDecision] brings it back. [AcknowledgeDecision] removes it, and so
	// does [DropDecision] once it is dead; nothing else does, not even a purge.
	DeliveryTenant = "*deliveries"
)

// CheckTenant returns an *[InvalidError] for a tenant that no record can have:
// one that is empty, or begins with an asterisk and is neither [NoTenant] nor
// [DeliveryTenant]. A method that means all records of its tenant refuses these,
// so that one which was forgotten never stands for everybody's.
func CheckTenant(tenant string) error {
	switch {
	case tenant == NoTenant, tenant == DeliveryTenant:
		return nil
	case tenant == "":
		return &InvalidError{"tenant", "must not be empty"}
	case tenant == AnyTenant:
		return &InvalidError{"tenant", "must be one tenant, not any"}
	}
	return checkOwn("tenant", tenant)
}

// CheckAnyTenant is CheckTenant for a method that takes [AnyTenant].
func CheckAnyTenant(tenant string) error {
	switch tenant {
	case AnyTenant:
		return nil
	case "":
		return &InvalidError{"tenant", "must not be empty: AnyTenant means the records of all"}
	}
	return CheckTenant(tenant)
}

// checkOwn refuses what is no tenant of an application.
func checkOwn(field, tenant string) error {
	switch {
	case tenant == "":
		return &InvalidError{field, "must not be empty"}
	case strings.HasPrefix(tenant, "*"):
		return &InvalidError{field, "must not begin with an asterisk, as the words of package store do"}
	}
	return nil
}

// among reports whether a record's tenant is the one that was asked for.
func among(asked, tenant string) bool { return asked == AnyTenant || asked == tenant }
