package workflow_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// verbs are the steps of the format by command; the arguments are the command's own fields unless
// renamed.
var verbs = map[workflow.Kind]string{
	"arrive_visit": "arrive", "identify_visit": "identify", "recognise_visit": "recognise",
	"assign_visit": "assign", "reidentify_visit": "reidentify", "serve_visit": "finish",
	"register_visit": "register", "abandon_visit": "abandon", "merge_visit": "merge",
	"change_lead": "change", "hand_over": "handover", "add_assistant": "assist_add",
	"release_assistant": "assist_release", "withdraw_assignment": "withdraw",
	"return_turn":  "turn_return",
	"plan_absence": "plan_absence", "cancel_absence": "cancel_absence",
	"leave": "leave", "return": "return", "busy": "busy", "free": "free",
	"grant_make_up": "makeup", "reorder": "reorder", "start_event": "event_start",
	"end_event": "event_end", "open_day": "day_open", "close_day": "day_close",
	"record_follow_up": "follow_up", "record_deal": "deal", "cover_customer": "cover",
	"reassign_customer": "reassign", "reassign_customers": "reassign_all", "take_call": "call",
	"make_appointment": "appoint", "change_appointment": "appoint_change",
	"cancel_appointment": "appoint_cancel", "vacate_seat": "seat_vacant",
	"notify_seat": "notify", "fill_seat": "seat_filled", "check_vacancy": "vacancy_check",
}

var renamed = map[string]string{
	"unit": "who", "away": "away_today", "ordered_by": "",
	"new_customer": "",
}

// line writes a command as a step of a scenario; what the format has no verb for becomes a comment.
func line(s step) string {
	var args map[string]any
	text, _ := workflow.Encode(s.cmd)
	_ = json.Unmarshal(text, &args)
	at := s.at.In(shanghai).Format("15:04")
	do, ok := verbs[s.cmd.About().Kind]
	if !ok {
		return fmt.Sprintf("  # at %s by %s: %s %s", at, s.by.Role, s.cmd.About().Kind, text)
	}
	if c, ok := s.cmd.(*workflow.ArriveVisit); ok {
		if c.Identify != nil && c.Assign {
			do = "receive"
			maps.Copy(args, args["identify"].(map[string]any))
		}
		delete(args, "identify")
		delete(args, "assign")
	}
	if c, ok := s.cmd.(*workflow.RegisterVisit); ok {
		if c.Serve != nil {
			do = "complete"
			maps.Copy(args, args["serve"].(map[string]any))
		}
		delete(args, "serve")
		delete(args, "customer")
	}
	out := fmt.Sprintf("  - {at: %q, do: %s", at, do)
	for _, k := range slices.Sorted(maps.Keys(args)) {
		name, other := renamed[k]
		if !other {
			name = k
		}
		if v := flow(args[k]); name != "" && v != "" {
			out += ", " + name + ": " + v
		}
	}
	if s.by.Staff != "" {
		out += ", by: " + string(s.by.Staff)
	}
	return out + "}"
}

// flow writes a value in YAML's flow style; what is empty is left out.
func flow(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		if strings.ContainsAny(v, ":/ ") || v != "" && v[0] >= '0' && v[0] <= '9' {
			return fmt.Sprintf("%q", v)
		}
		return v
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = flow(x)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			if x := flow(v[k]); x != "" {
				parts = append(parts, k+": "+x)
			}
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}
