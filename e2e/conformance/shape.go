package conformance

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// shape says what is wrong with a JSON value, which is somewhere in an answer.
// Nothing is wrong if it returns nothing.
type shape func(where string, value any) (faults []string)

// isText is a text that is not empty.
func isText(where string, value any) []string {
	if text, ok := value.(string); !ok || text == "" {
		return []string{fmt.Sprintf("%s is %v, no text", where, value)}
	}
	return nil
}

// isLike is a text that matches an expression as a whole.
func isLike(expression string) shape {
	compiled := regexp.MustCompile("^(?:" + expression + ")$")
	return func(where string, value any) []string {
		if text, ok := value.(string); !ok || !compiled.MatchString(text) {
			return []string{fmt.Sprintf("%s is %v, not like %s", where, value, expression)}
		}
		return nil
	}
}

// isListOf is a list that is not empty.
func isListOf(each shape) shape {
	return func(where string, value any) (faults []string) {
		list, ok := value.([]any)
		if !ok || len(list) == 0 {
			return []string{where + " is no list, or an empty one"}
		}
		for i, v := range list {
			faults = append(faults, each(fmt.Sprintf("%s[%d]", where, i), v)...)
		}
		return faults
	}
}

// members are what an object may have. Those whose name ends in ! it must have.
type members map[string]shape

// isObject is an object with these members and no other ones.
func isObject(may members) shape {
	return func(where string, value any) (faults []string) {
		object, ok := value.(map[string]any)
		if !ok || len(object) == 0 {
			return []string{where + " is no object, or an empty one"}
		}
		for _, name := range slices.Sorted(maps.Keys(object)) {
			member := may[name]
			if member == nil {
				member = may[name+"!"]
			}
			if member == nil {
				faults = append(faults, where+" has an unknown member "+name)
				continue
			}
			faults = append(faults, member(where+"."+name, object[name])...)
		}
		for _, name := range slices.Sorted(maps.Keys(may)) {
			if bare, must := strings.CutSuffix(name, "!"); must && object[bare] == nil {
				faults = append(faults, where+" lacks "+bare)
			}
		}
		return faults
	}
}

// byType picks the shape of an object by its member type.
func byType(kinds map[string]shape) shape {
	return func(where string, value any) []string {
		object, _ := value.(map[string]any)
		kind, _ := object["type"].(string)
		if is := kinds[kind]; is != nil {
			return is(where, value)
		}
		return []string{fmt.Sprintf("%s has type %v", where, object["type"])}
	}
}

// The parts of verified_claims, by the Identity Assurance Schema Definition 1.0.
// Instants have to be in UTC, which that leaves open.
var (
	isDay     = isLike(`\d{4}-\d\d-\d\d`)
	isInstant = isLike(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

	// isParty is who issued or keeps something, with an address.
	isParty = isObject(members{
		"name": isText, "formatted": isText, "street_address": isText, "locality": isText, "region": isText,
		"postal_code": isText, "country": isText, "country_code": isLike(`[A-Z]{2,3}`), "jurisdiction": isText,
	})
	isCheck = isObject(members{
		"check_method!": isText, "check_id": isText, "organization": isText, "time": isInstant,
	})
	isAttachment = isObject(members{
		"desc": isText, "content_type": isText, "content": isText, "url": isLike(`https://.*`), "txn": isText,
		"digest": isObject(members{"alg!": isText, "value!": isText}),
	})
	isDocument = isObject(members{
		"type!": isText, "check_details": isListOf(isCheck), "time": isInstant, "attachments": isListOf(isAttachment),
		"derived_claims": isClaims, "document_details": isObject(members{
			"type!": isText, "document_number": isText, "serial_number": isText, "date_of_issuance": isDay,
			"date_of_expiry": isDay, "issuer": isParty,
		}),
	})
	isRecord = isObject(members{
		"type!": isText, "check_details": isListOf(isCheck), "time": isInstant, "attachments": isListOf(isAttachment),
		"derived_claims": isClaims, "record": isObject(members{
			"type!": isText, "created_at": isInstant, "date_of_expiry": isDay, "source": isParty,
		}),
	})
	isVerification = isObject(members{
		"trust_framework!": isText, "assurance_level": isText, "time": isInstant, "verification_process": isText,
		"assurance_process": isObject(members{"policy": isText, "procedure": isText}),
		"evidence":          isListOf(byType(map[string]shape{"document": isDocument, "electronic_record": isRecord})),
	})
	isVerified = isObject(members{"verification!": isVerification, "claims!": isClaims})
)

// isVerifiedClaims is one object, or a list of them.
func isVerifiedClaims(where string, value any) []string {
	if _, many := value.([]any); many {
		return isListOf(isVerified)(where, value)
	}
	return isVerified(where, value)
}

// isClaims are claims by their names, none of them without a value, and those of
// a known form in that form.
func isClaims(where string, value any) (faults []string) {
	forms := map[string]shape{
		"birthdate": isDay, "nationalities": isListOf(isLike(`[A-Z]{2,3}`)),
		"place_of_birth": isObject(members{"country": isText, "region": isText, "locality": isText}),
		"msisdn":         isLike(`\+?[1-9]\d{6,14}`), "address": isParty,
	}
	object, ok := value.(map[string]any)
	if !ok || len(object) == 0 {
		return []string{where + " is no object, or an empty one"}
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		switch v := object[name]; {
		case v == nil || v == "":
			faults = append(faults, where+"."+name+" has no value")
		case forms[name] != nil:
			faults = append(faults, forms[name](where+"."+name, v)...)
		}
	}
	return faults
}
