package api

import "github.com/lunpai/lunpai/workflow"

// VacancyDecision is the answer to a command about the first seat of the desk.
type VacancyDecision struct {
	Decided
	// Vacancy is what is known about the empty seat. Absent if the seat is taken.
	Vacancy Doc[workflow.Vacancy] `json:"vacancy,omitzero"`
}

// DeskView is who sits where.
type DeskView struct {
	// Desk are the seats of the front desk now.
	Desk workflow.Desk `json:"desk"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
}

// getDesk shows who sits at the front desk and who waits at the tables.
func getDesk(c *call, _ *none) (a *DeskView, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		a = &DeskView{b.DeskAt(c.now()), b.Seq}
		return nil
	})
	return a, err
}

// VacancyList is a page of vacancies.
type VacancyList struct {
	Page
	// Vacancies are those of this page.
	Vacancies []Doc[workflow.Vacancy] `json:"vacancies"`
}

// listVacancies lists the times the first seat was empty, newest first.
func listVacancies(c *call, q *Paging) (*VacancyList, error) {
	p, docs, err := listOf[workflow.Vacancy](c, workflow.Vacancies, *q)
	return &VacancyList{p, docs}, err
}
