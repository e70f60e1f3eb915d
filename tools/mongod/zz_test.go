package mongod_test
import ("testing";"time";"github.com/lunpai/lunpai/tools/mongod")
func TestZZ(t *testing.T){
 s,err:=mongod.Start(t.Context(),mongod.Config{Dir:"/tmp/infra/try"}); if err!=nil{t.Fatal(err)}
 c:=connect(t,s.URI())
 b:=time.Now(); step:=func(n string){ t.Log(n,time.Since(b)); b=time.Now()}
 insert(t,c,"a"+time.Now().String()); step("insert")
 s.Kill(); step("kill")
 s.Restart(t.Context()); step("restart")
 insert(t,c,"b"+time.Now().String()); step("insert")
 s.Stop(); step("stop")
}
