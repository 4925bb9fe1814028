package storetest

import (
	"testing"

	"vouchgate/store"
)

// test is a promise in one sentence and its proof on a database of its own.
type test struct {
	name string
	run  func(f *fixture)
}

// Run proves that the stores of an engine keep their promises. open returns a
// backend on an empty database without tables; each test opens one.
func Run(t *testing.T, open func(testing.TB) store.Backend) {
	topics := []struct {
		name  string
		tests []test
	}{
		{"Migrations", migrationTests},
		{"Clients", clientTests},
		{"Sessions", sessionTests},
		{"Schema", schemaTests},
		{"Due", dueTests},
		{"Effects", effectTests},
		{"Codes", codeTests},
		{"Grants", grantTests},
		{"Refresh", refreshTests},
		{"Accounts", accountTests},
		{"Challenges", challengeTests},
		{"Letters", letterTests},
		{"Messages", messageTests},
		{"Counts", countTests},
		{"Keys", keyTests},
		{"Webhooks", webhookTests},
		{"Times", timeTests},
		{"Concurrency", concurrencyTests},
		{"Purge", purgeTests},
		{"Audit", auditTests},
		{"Together", togetherTests},
	}
	for _, topic := range topics {
		t.Run(topic.name, func(t *testing.T) {
			t.Parallel()
			for _, test := range topic.tests {
				t.Run(test.name, func(t *testing.T) {
					t.Parallel()
					test.run(newFixture(t, open(t)))
				})
			}
		})
	}
}
