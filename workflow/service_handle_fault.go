package workflow

import "slices"

// FileFault files a major fault (备案; policy 3, item 7).
type FileFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
}

func (*FileFault) About() About { return faultStep("file_fault") }

func (c *FileFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *FileFault) decide(d *draft) *Fault {
	x, a, f := d.moveFault(c.Fault, FaultFile)
	if f != nil {
		return f
	}
	x.FiledAt = d.now
	d.fact(FactFaultFiled, "P3-7", x.ID, "by", string(d.env.By.Staff))
	d.due(x, &a.Parameters)
	return nil
}

// RelayFault passes a filed fault on to the top management (转达).
type RelayFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
}

func (*RelayFault) About() About { return faultStep("relay_fault") }

func (c *RelayFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *RelayFault) decide(d *draft) *Fault {
	x, a, f := d.moveFault(c.Fault, FaultRelay)
	if f != nil {
		return f
	}
	x.RelayedAt = d.now
	d.fact(FactFaultRelayed, "P3-7", x.ID, "by", string(d.env.By.Staff))
	d.tellGroup("P3-7", topManagement, x.ID, "fault_relayed")
	d.due(x, &a.Parameters)
	return nil
}

// TrackFault notes how a fault is handled.
type TrackFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
	// Id of the note on its course.
	Note NoteID `json:"note"`
}

func (*TrackFault) About() About { return faultStep("track_fault") }

func (c *TrackFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *TrackFault) note(SiteID) (NoteID, Ref) { return c.Note, recordRef(MajorFaults, c.Fault) }

func (c *TrackFault) decide(d *draft) *Fault {
	x, _, f := d.moveFault(c.Fault, FaultTrack)
	switch {
	case f != nil:
		return f
	case c.Note == "":
		return invalidUnder("incomplete", "P3-7", "missing", "note")
	}
	x.Track = keep(x.Track, c.Note)
	d.fact(FactFaultTracked, "P3-7", x.ID, "by", string(d.env.By.Staff))
	return nil
}

// EndFault says that a fault is over.
type EndFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
}

func (*EndFault) About() About { return faultStep("end_fault") }

func (c *EndFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *EndFault) decide(d *draft) *Fault {
	x, a, f := d.moveFault(c.Fault, FaultEnd)
	if f != nil {
		return f
	}
	x.EndedAt = d.now
	d.fact(FactFaultEnded, "P3-7", x.ID, "by", string(d.env.By.Staff))
	d.due(x, &a.Parameters)
	return nil
}

// AnalyseFault is the fault analysis report (故障分析报告).
type AnalyseFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
	// Id of the note on what it did.
	Impact NoteID `json:"impact"`
	// Id of the note on how it was handled.
	Handling NoteID `json:"handling"`
	// Id of the note on its cause.
	Cause NoteID `json:"cause"`
	// Id of the note on what is done against it from now on.
	Measures NoteID `json:"measures"`
}

func (*AnalyseFault) About() About { return faultStep("analyse_fault") }

func (c *AnalyseFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *AnalyseFault) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Impact, c.Handling, c.Cause, c.Measures}, recordRef(MajorFaults, c.Fault)
}

func (c *AnalyseFault) decide(d *draft) *Fault {
	x, a, f := d.moveFault(c.Fault, FaultAnalyse)
	switch {
	case f != nil:
		return f
	case c.Impact == "" || c.Handling == "" || c.Cause == "" || c.Measures == "":
		return invalidUnder("incomplete", "P3-7", "missing", missing("impact", c.Impact,
			"handling", c.Handling, "cause", c.Cause, "measures", c.Measures))
	}
	x.Impact, x.Handling, x.Cause, x.Measures = c.Impact, c.Handling, c.Cause, c.Measures
	x.AnalysedAt = d.now
	d.fact(FactFaultAnalysed, "P3-7", x.ID, "by", string(d.env.By.Staff))
	d.due(x, &a.Parameters)
	return nil
}

// FeedBackFault feeds the analysis back to the customer and to the business department.
type FeedBackFault struct {
	// Id of the fault.
	Fault RecordID `json:"fault"`
	// To whom: customer and business, both.
	To []string `json:"to"`
}

func (*FeedBackFault) About() About { return faultStep("feed_back_fault") }

func (c *FeedBackFault) Needs(*Board) []Ref { return []Ref{recordRef(MajorFaults, c.Fault)} }

func (c *FeedBackFault) texts() []string { return c.To }

func (c *FeedBackFault) decide(d *draft) *Fault {
	x, a, f := d.moveFault(c.Fault, FaultFeedBack)
	if f != nil {
		return f
	}
	both := []string{theCustomer, string(Business)}
	for _, who := range both {
		if !slices.Contains(c.To, who) {
			return invalidUnder("feedback_incomplete", "P3-7", "missing", who)
		}
	}
	if len(c.To) != len(both) {
		return invalidUnder("feedback_incomplete", "P3-7")
	}
	x.FedBack, x.ClosedAt = both, d.now
	d.fact(FactFaultFedBack, "P3-7", x.ID, "by", string(d.env.By.Staff))
	for _, who := range both {
		d.tellGroup("P3-7", who, x.ID, "fault_analysed")
	}
	d.due(x, &a.Parameters)
	return nil
}

func faultStep(k Kind) About {
	return About{Kind: k, May: serviceStaff, Rule: "P3-7", Scope: ScopeService, Since: 5}
}
