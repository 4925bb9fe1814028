package pages

// retentionText says how long a client may read.
type retentionText struct {
	Once           string `json:"once"`
	For            string `json:"for"`
	UntilWithdrawn string `json:"until_withdrawn"`
}

// loginText is what the sign-in page says.
type loginText struct {
	Title      string `json:"title"`
	FaultTitle string `json:"fault_title"`
	Intro      string `json:"intro"`
	IntroPlain string `json:"intro_plain"` // where no client asks
	Reauth     string `json:"reauth"`
	Problem    string `json:"problem"` // above what went wrong
	Wrong      string `json:"wrong"`
	Throttled  string `json:"throttled"`
	UserName   string `json:"user_name"`
	Password   string `json:"password"`
	Remember   string `json:"remember"`
	SignIn     string `json:"sign_in"`
	Unseen     string `json:"unseen"` // who never sees the password
}

// consentText is what the page says that asks for a decision.
type consentText struct {
	Title          string `json:"title"`
	Heading        string `json:"heading"`
	HeadingNothing string `json:"heading_nothing"` // where no detail is asked for
	Switch         string `json:"switch"`
	Asks           string `json:"asks"`
	NothingAccount string `json:"nothing_account"`
	NothingWallet  string `json:"nothing_wallet"`
	NothingAddress string `json:"nothing_address"`
	Choose         string `json:"choose"`
	Purpose        string `json:"purpose"`
	HowLong        string `json:"how_long"`
	Change         string `json:"change"` // of mind
	Withdraw       string `json:"withdraw"`
	WithdrawHere   string `json:"withdraw_here"`
	MyPage         string `json:"my_page"`
	Allow          string `json:"allow"`
	Deny           string `json:"deny"`
}

// meText is what the page says that shows a person who may read what.
type meText struct {
	Title        string `json:"title"`
	Heading      string `json:"heading"`
	SignOut      string `json:"sign_out"`
	NoGrants     string `json:"no_grants"`
	NoClaims     string `json:"no_claims"`
	Reads        string `json:"reads"`
	Since        string `json:"since"`
	Until        string `json:"until"`
	Unlimited    string `json:"unlimited"`
	LastRead     string `json:"last_read"`
	Never        string `json:"never"`
	Withdraw     string `json:"withdraw"`
	Withdrawn    string `json:"withdrawn"`
	Erase        string `json:"erase"`
	EraseText    string `json:"erase_text"`
	EraseConfirm string `json:"erase_confirm"`
	Erased       string `json:"erased"`
}

// formPostText is what the page says that leads to the client by a form.
type formPostText struct {
	Title   string `json:"title"`
	Heading string `json:"heading"`
	Text    string `json:"text"`
}

// dateText is how dates are written. {day}, {month} and {year} stand for the parts
// of a date, {date} and {time} for those of a moment.
type dateText struct {
	Day    string     `json:"day"`
	First  string     `json:"first"` // the first day of a month
	Months [12]string `json:"months"`
	Moment string     `json:"moment"`
}

// valueText is what is said in place of a value.
type valueText struct {
	Yes   string `json:"yes"`
	No    string `json:"no"`
	Photo string `json:"photo"`
}
