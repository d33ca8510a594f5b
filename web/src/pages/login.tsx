import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../api/client";
import { Field, Form } from "../parts/form";

/** A token once; from then on a cookie that no script can read. */
export function LoginPage() {
  const client = useQueryClient();
  const [token, setToken] = useState("");
  return (
    <main className="alone">
      <img src="/weft.svg" alt="" width="56" height="56" />
      <h1>Weft</h1>
      <p>Containers, virtual machines and bare metal on one network under one policy.</p>
      <Form
        action="Log in"
        send={async () => {
          await api.POST("/api/v1/session", { body: { token: token.trim() } });
        }}
        onDone={() => void client.invalidateQueries()}
      >
        {(problem) => (
          <Field
            label="Token"
            name="token"
            problem={problem}
            hint={
              <>
                The first start of the server wrote the administrator's to{" "}
                <code>/var/lib/weft/admin-token</code>.
              </>
            }
          >
            {(attributes) => (
              <input
                {...attributes}
                type="password"
                autoComplete="current-password"
                required
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            )}
          </Field>
        )}
      </Form>
    </main>
  );
}
