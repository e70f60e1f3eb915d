package api

import (
	"cmp"
	"slices"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/workflow"
)

// NamesBody are names to be written. What is not named stays as it is.
type NamesBody struct {
	// Office is the office's own name. Absent: it stays as it is.
	Office *NameBody `json:"office,omitempty"`
	// Staff are the names of members of staff. Absent: they stay as they are.
	Staff []StaffName `json:"staff,omitempty"`
	// Units are the names of units, of teams above all. A consultant's own unit has the
	// consultant's name. Absent: they stay as they are.
	Units []UnitName `json:"units,omitempty"`
}

// NameBody is what the office is called.
type NameBody struct {
	// Name is what people read on screens. Absent: the name is erased.
	Name string `json:"name,omitempty"`
}

// StaffName is what a member of staff is called.
type StaffName struct {
	// ID is the member's id.
	ID workflow.StaffID `json:"id"`
	// Name is what people read on screens. Absent: the name is erased.
	Name string `json:"name,omitempty"`
	// Pinyin is the initials by which somebody who types finds the name, such as wf for 王芳.
	// Absent: there are none.
	Pinyin string `json:"py,omitempty"`
}

// UnitName is what a unit is called.
type UnitName struct {
	// ID is the unit's id.
	ID workflow.UnitID `json:"id"`
	// Name is what people read on screens. Absent: the name is erased.
	Name string `json:"name,omitempty"`
}

// NamesView are the names of an office, its staff and its units. Who has none goes by the id.
type NamesView struct {
	// Office is the office's own name. Absent: it has none.
	Office string `json:"office,omitempty"`
	// Staff are the members of staff who have a name, by id.
	Staff []StaffName `json:"staff"`
	// Units are the units that have a name, by id.
	Units []UnitName `json:"units"`
}

func namesView(n vault.Names) *NamesView {
	a := &NamesView{Office: n.Office.Name, Staff: []StaffName{}, Units: []UnitName{}}
	for id, name := range n.Staff {
		if name.Name != "" {
			a.Staff = append(a.Staff, StaffName{id, name.Name, name.Pinyin})
		}
	}
	for id, name := range n.Units {
		if name.Name != "" {
			a.Units = append(a.Units, UnitName{id, name.Name})
		}
	}
	slices.SortFunc(a.Staff, func(x, y StaffName) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(a.Units, func(x, y UnitName) int { return cmp.Compare(x.ID, y.ID) })
	return a
}

// getNames reads what the office, its staff and its units are called on screens.
func getNames(c *call, _ *none) (*NamesView, error) {
	if _, err := readRecord[*workflow.Site](c, workflow.SiteRef(c.site)); err != nil {
		return nil, err
	}
	n, err := c.api.cfg.Vault.Names(c.Request().Context(), c.site)
	return namesView(n), err
}

// changeNames writes or erases names of the office, its staff and its units. The journal says whose
// names were written, never the names. Whoever leaves keeps the name until it is erased here.
func changeNames(c *call, b *NamesBody) (*NamesView, error) {
	cmd, change := &workflow.ChangeNames{Office: b.Office != nil}, vault.Names{
		Staff: map[workflow.StaffID]vault.Name{}, Units: map[workflow.UnitID]vault.Name{},
	}
	var texts []string
	if b.Office != nil {
		change.Office = vault.Name{Name: b.Office.Name, At: c.now()}
		texts = append(texts, b.Office.Name)
	}
	for _, s := range b.Staff {
		cmd.Staff = append(cmd.Staff, s.ID)
		change.Staff[s.ID] = vault.Name{Name: s.Name, Pinyin: s.Pinyin}
		texts = append(texts, s.Name)
	}
	for _, u := range b.Units {
		cmd.Units = append(cmd.Units, u.ID)
		change.Units[u.ID] = vault.Name{Name: u.Name}
		texts = append(texts, u.Name)
	}
	if f := workflow.NoPhone(texts...); f != nil {
		return nil, f
	}
	c.intent = &vault.Intent{Names: &change}
	out, err := c.do(cmd)
	if err != nil {
		return nil, err
	}
	c.tellReplay(out)
	n, err := c.api.cfg.Vault.Names(c.Request().Context(), c.site)
	return namesView(n), err
}
