package workflow

// The names of the commands in the journal.
const (
	KindCreateSite       Kind = "create_site"
	KindChangeSite       Kind = "change_site"
	KindAdoptPolicy      Kind = "adopt_policy"
	KindAddStaff         Kind = "add_staff"
	KindChangeStaff      Kind = "change_staff"
	KindMakeKey          Kind = "make_key"
	KindRotateKey        Kind = "rotate_key"
	KindRevokeKey        Kind = "revoke_key"
	KindOpenDay          Kind = "open_day"
	KindCloseDay         Kind = "close_day"
	KindReorder          Kind = "reorder"
	KindGrantMakeUp      Kind = "grant_make_up"
	KindStartEvent       Kind = "start_event"
	KindEndEvent         Kind = "end_event"
	KindChangeRoster     Kind = "change_roster"
	KindLeave            Kind = "leave"
	KindReturn           Kind = "return"
	KindBusy             Kind = "busy"
	KindFree             Kind = "free"
	KindArriveVisit      Kind = "arrive_visit"
	KindIdentifyVisit    Kind = "identify_visit"
	KindRecogniseVisit   Kind = "recognise_visit"
	KindAssignVisit      Kind = "assign_visit"
	KindReidentifyVisit  Kind = "reidentify_visit"
	KindServeVisit       Kind = "serve_visit"
	KindRegisterVisit    Kind = "register_visit"
	KindAbandonVisit     Kind = "abandon_visit"
	KindMergeVisit       Kind = "merge_visit"
	KindChangeLead       Kind = "change_lead"
	KindHandOver         Kind = "hand_over"
	KindAddAssistant     Kind = "add_assistant"
	KindRecordFollowUp   Kind = "record_follow_up"
	KindRecordDeal       Kind = "record_deal"
	KindReassignCustomer Kind = "reassign_customer"
	KindCoverCustomer    Kind = "cover_customer"
	KindImportCustomer   Kind = "import_customer"
	KindSearchCustomer   Kind = "search_customer"
	KindShowPerson       Kind = "show_person"
	KindChangePerson     Kind = "change_person"
	KindErasePerson      Kind = "erase_person"
	KindShowNote         Kind = "show_note"
	KindEraseNote        Kind = "erase_note"
	KindTakeCall         Kind = "take_call"
	KindRequestApproval  Kind = "request_approval"
	KindDecideApproval   Kind = "decide_approval"
	KindOpenDispute      Kind = "open_dispute"
	KindMakeRuling       Kind = "make_ruling"
	KindNoteConduct      Kind = "note_conduct"
	KindCompleteCheck    Kind = "complete_check"
	KindGiveCard         Kind = "give_card"
	KindVacateSeat       Kind = "vacate_seat"
	KindNotifySeat       Kind = "notify_seat"
	KindFillSeat         Kind = "fill_seat"
	KindRemindWaiting    Kind = "remind_waiting"
	KindCheckVacancy     Kind = "check_vacancy"
)

// Kinds lists every command by name.
var Kinds = []Kind{
	KindCreateSite, KindChangeSite, KindAdoptPolicy, KindAddStaff, KindChangeStaff,
	KindMakeKey, KindRotateKey, KindRevokeKey,
	KindOpenDay, KindCloseDay, KindReorder, KindGrantMakeUp, KindStartEvent, KindEndEvent, KindChangeRoster,
	KindLeave, KindReturn, KindBusy, KindFree,
	KindArriveVisit, KindIdentifyVisit, KindRecogniseVisit, KindAssignVisit, KindReidentifyVisit, KindServeVisit,
	KindRegisterVisit, KindAbandonVisit, KindMergeVisit, KindChangeLead, KindHandOver, KindAddAssistant,
	KindRecordFollowUp, KindRecordDeal, KindReassignCustomer, KindCoverCustomer, KindImportCustomer,
	KindSearchCustomer, KindShowPerson, KindChangePerson, KindErasePerson, KindShowNote, KindEraseNote,
	KindTakeCall, KindRequestApproval, KindDecideApproval, KindOpenDispute, KindMakeRuling, KindNoteConduct, KindCompleteCheck, KindGiveCard, KindVacateSeat, KindNotifySeat, KindFillSeat, KindCheckVacancy, KindRemindWaiting,
}
