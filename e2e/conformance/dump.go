package conformance

import (
	"database/sql"
	"fmt"
)

// rowsOf is what a query found, each value as text.
type rowsOf [][]string

func scan(t *T, db *sql.DB, query string) (found rowsOf, err error) {
	rows, err := db.QueryContext(t.Ctx, query)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, fmt.Errorf("%s: %w", query, err)
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = asText(v)
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

func asText(value any) string {
	if b, ok := value.([]byte); ok {
		return fmt.Sprintf("%x %q", b, b)
	}
	return fmt.Sprint(value)
}
