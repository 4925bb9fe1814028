package main

import (
	"bytes"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"vouchgate/kyc"
	"vouchgate/verify/address"
	"vouchgate/worker"
)

// regionSettings say how phone numbers are read.
type regionSettings struct {
	PhoneRegion string `group:"sending" default:"CH" placeholder:"REGION" help:"Where phone numbers are from that are typed without a country code, ISO 3166-1 (default CH)."`
}

// sendingSettings say how TANs reach people. A process that has none of them sends
// none.
type sendingSettings struct {
	SMTPAddress      string `name:"smtp-address" group:"sending" placeholder:"HOST:PORT" help:"The mail server that takes e-mails with TANs (default none)."`
	SMTPTLS          string `name:"smtp-tls" group:"sending" placeholder:"MODE" help:"starttls, tls (from the first byte) or none, which is for a server on this machine (default starttls)."`
	SMTPUser         string `name:"smtp-user" group:"sending" placeholder:"NAME" help:"User name at the mail server (default no sign-in)."`
	SMTPPasswordFile string `name:"smtp-password-file" group:"sending" placeholder:"FILE" help:"File that holds the password of that user."`
	MailFrom         string `group:"sending" placeholder:"MAILBOX" help:"Sender of the e-mails, such as 'Example Ltd <codes@example.org>'."`
	MailReplyTo      string `group:"sending" placeholder:"MAILBOX" help:"Where answers to them go (default the sender)."`
	EmailHelper      string `group:"sending" placeholder:"FILE" help:"Program that sends e-mails, in place of a mail server."`
	PhoneHelper      string `group:"sending" placeholder:"FILE" help:"Program that sends short messages."`
	PostalHelper     string `group:"sending" placeholder:"FILE" help:"Program that sends letters, those to Switzerland too unless --postal-ch-helper is given."`
	PostalCHHelper   string `name:"postal-ch-helper" group:"sending" placeholder:"FILE" help:"Program that sends letters within Switzerland."`
	HelperTimeout    string `group:"sending" default:"30s" placeholder:"TIME" help:"How long a helper program may take for a message, 1s to 40s (default 30s)."`
	MessageTemplates string `group:"sending" placeholder:"DIR" help:"Texts that replace those of messages: email.de.txt, sms.fr.txt, letter.it.txt and so on (default the built-in ones)."`
	regionSettings   `embed:""`
}

// The limits of those settings.
const (
	minHelperTimeout   = time.Second
	maxHelperTimeout   = 40 * time.Second // the worker waits for 45 s
	maxMailPassword    = 1024             // bytes
	sendingFaultPrefix = "configuring the sending of codes: "
)

// sendingConfig is how TANs are sent, and how the addresses are read that they go to.
type sendingConfig struct {
	region    string
	publicURL *url.URL        // of the gateway; nil: known once it listens
	courier   *address.Config // nil: nothing is sent
	own       worker.Sender   // in place of the courier
}

// check returns how TANs are sent. publicURL may be nil.
func (s sendingSettings) check(f *faults, p *program, publicURL *url.URL) sendingConfig {
	c := sendingConfig{region: s.PhoneRegion, publicURL: publicURL}
	config := address.Config{
		Public: publicURL, Region: s.PhoneRegion, Templates: s.MessageTemplates, Now: p.now,
		Helpers:       s.helpers(),
		HelperTimeout: f.duration("helper-timeout", s.HelperTimeout, minHelperTimeout, maxHelperTimeout),
		SMTP: address.SMTP{
			Address: s.SMTPAddress, TLS: s.SMTPTLS, User: s.SMTPUser,
			Password: f.mailPassword("smtp-password-file", s.SMTPPasswordFile),
			From:     s.MailFrom, ReplyTo: s.MailReplyTo,
		},
	}
	if config.SMTP.Address != "" || len(config.Helpers) > 0 {
		c.courier = &config
	}
	f.sending(config)
	return c
}

func (s sendingSettings) helpers() map[kyc.Method]string {
	helpers := map[kyc.Method]string{}
	for method, program := range map[kyc.Method]string{
		kyc.MethodEmail: s.EmailHelper, kyc.MethodPhone: s.PhoneHelper,
		kyc.MethodPostal: s.PostalHelper, kyc.MethodPostalCH: s.PostalCHHelper,
	} {
		if program != "" {
			helpers[method] = program
		}
	}
	return helpers
}

// sending adds the faults that the courier finds itself. To send nothing is none.
func (f *faults) sending(c address.Config) {
	if c.Public == nil {
		c.Public = &url.URL{Scheme: "http", Host: "localhost"}
	}
	_, err := address.New(c)
	if err == nil || errors.Is(err, address.ErrNoWay) {
		return
	}
	for line := range strings.SplitSeq(strings.TrimPrefix(err.Error(), sendingFaultPrefix), "\n") {
		setting, text := sendingFault(line)
		f.add(setting, "%s", text)
	}
}

// sendingFault says which setting a fault of the courier is about.
func sendingFault(line string) (setting, text string) {
	for _, known := range []struct{ prefix, setting string }{
		{"smtp: the server's address ", "smtp-address"}, {"smtp: settings without ", "smtp-address"},
		{"smtp: tls ", "smtp-tls"}, {"smtp: without tls ", "smtp-tls"}, {"smtp: user ", "smtp-user"}, {"smtp: a sign-in ", "smtp-user"},
		{"smtp: e-mail is sent by a helper", "email-helper"}, {"region ", "phone-region"}, {"message template", "message-templates"},
		{"reading message templates", "message-templates"},
	} {
		if strings.HasPrefix(line, known.prefix) {
			return known.setting, strings.TrimPrefix(line, "smtp: ")
		}
	}
	for prefix, setting := range map[string]string{"smtp: from: ": "mail-from", "smtp: reply to: ": "mail-reply-to"} {
		if text, ok := strings.CutPrefix(line, prefix); ok {
			return setting, text
		}
	}
	if helper, ok := strings.CutPrefix(line, "helper for "); ok {
		method, text, _ := strings.Cut(helper, ": ")
		return method + "-helper", text
	}
	return "sending", line
}

// mailPassword reads a password that others chose; no file, no password. One newline
// at the end is not part of it.
func (f *faults) mailPassword(name, path string) string {
	if path == "" {
		return ""
	}
	content, err := readFile(path, nil, maxMailPassword)
	content = bytes.TrimSuffix(bytes.TrimSuffix(content, []byte("\n")), []byte("\r"))
	if err == nil && len(content) == 0 {
		err = errors.New("the file holds no password")
	}
	f.check(name, err)
	return string(content)
}

// open returns what sends messages, or nil.
func (c sendingConfig) open(publicURL *url.URL, log *slog.Logger) (worker.Sender, error) {
	if c.own != nil || c.courier == nil {
		return c.own, nil
	}
	config := *c.courier
	config.Public, config.Log = publicURL, log
	return address.New(config)
}

// reader returns what reads addresses.
func (c sendingConfig) reader() address.Reader { return address.Reader{Region: c.region} }
