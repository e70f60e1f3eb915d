package api

import (
	"net/http"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

type keyBody struct {
	Role  workflow.Role     `json:"role"`
	Staff workflow.StaffID  `json:"staff,omitempty"`
	Sites []workflow.SiteID `json:"sites,omitempty"`
	Label string            `json:"label,omitempty"`
}

// createdKey is a key with its token, which is shown this once.
type createdKey struct {
	repo.Key
	Token string `json:"token"`
}

// createKey makes a key of the site. A key for a member of staff names one who is there in that role.
func createKey(c *call) error {
	var b keyBody
	if p := decode(c.text, &b); p != nil {
		return p
	}
	if b.Role == workflow.RoleAdministrator {
		return problem(http.StatusForbidden, "role", "an administrator's key does not belong to a site", "use the key that the first start of the service showed")
	}
	if len(b.Sites) > 0 && c.key.Role != workflow.RoleAdministrator {
		return problem(http.StatusForbidden, "role", "only an administrator grants further sites", "ask the administrator")
	}
	err := c.view(nil, func(board *workflow.Board) error {
		if !b.Role.StaffRole() {
			return nil
		}
		if b.Staff == "" {
			return badRequest("bad_key", "a key of role "+string(b.Role)+" belongs to one member of staff, and none is named", "send staff")
		}
		r, ok := board.Record(workflow.StaffRef(c.site, b.Staff))
		if s, is := r.(*workflow.Staff); !ok || !is || s.Role != b.Role || !s.Active {
			return badRequest("bad_key", "there is no active member of staff of that id in that role", "add the member of staff first")
		}
		return nil
	})
	if err != nil {
		return err
	}
	k, token, err := c.api.cfg.Keys.Create(c.Request().Context(), repo.Key{Site: c.site, Sites: b.Sites, Role: b.Role, Staff: b.Staff, Label: b.Label})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"key": createdKey{k, token}})
}

func listKeys(c *call) error {
	if err := c.view(nil, func(*workflow.Board) error { return nil }); err != nil { // an administrator's key covers what is not there
		return err
	}
	keys, err := c.api.cfg.Keys.List(c.Request().Context(), c.site)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"keys": keys})
}

// revokeKey ends a key. A supervisor may end a kiosk's.
func revokeKey(c *call) error {
	if c.key.Role == workflow.RoleSupervisor {
		keys, err := c.api.cfg.Keys.List(c.Request().Context(), c.site)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if k.ID == c.Param("key") && k.Role != workflow.RoleKiosk {
				return problem(http.StatusForbidden, "role", "a supervisor revokes keys of kiosks only", "ask the manager")
			}
		}
	}
	k, err := c.api.cfg.Keys.Revoke(c.Request().Context(), c.site, c.Param("key"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"key": k})
}
