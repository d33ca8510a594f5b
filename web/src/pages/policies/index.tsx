import { useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "wouter";
import type { Policy } from "../../api/client";
import { policiesQuery, useSession } from "../../api/queries";
import { useProject } from "../../app";
import { Icon } from "../../parts/icons";
import { NewPolicy } from "./fresh";
import { TIERS } from "./tiers";
import { PolicyView } from "./view";

/** Policies by tier, in the order in which they are read; one of them open, with its rules. */
export default function PoliciesPage({ id }: { id: string | undefined }) {
  const project = useProject();
  const found = useQuery(policiesQuery(project));
  const policies = found.data ?? [];
  const [search] = useSearchParams();
  const role = useSession()?.role;
  const mayChange = role !== "viewer";
  const open = policies.find((policy) => policy.id === id);
  return (
    <>
      <h1>Policies</h1>
      <p>
        The first rule that matches decides, tier after tier; if none does, the defaults of the network do.
      </p>
      {mayChange && (
        <p>
          <Link href={`/policies/new${search.size === 0 ? "" : `?${search}`}`} className="button primary">
            <Icon name="plus" /> New policy
          </Link>
        </p>
      )}
      <div className="split">
        <div>
          {TIERS.map((tier) => (
            <Tier key={tier} tier={tier} policies={policies.filter((one) => one.tier === tier)} openId={id} />
          ))}
          {found.isSuccess && policies.length === 0 && (
            <div className="empty">
              <p>There is no policy yet; the defaults of the networks decide.</p>
              <pre>weft policy create no-ping --target web</pre>
            </div>
          )}
        </div>
        {id === "new" && mayChange && <NewPolicy />}
        {open !== undefined && (
          <PolicyView
            key={open.id}
            policy={open}
            mayChange={mayChange && (open.tier !== "admin" || role === "admin")}
          />
        )}
        {open === undefined && id !== undefined && id !== "new" && found.isSuccess && (
          <p role="status">This policy is gone.</p>
        )}
        {id === undefined && policies.length > 0 && (
          <p className="quiet">Open a policy to see its rules, and to try changes before they are made.</p>
        )}
      </div>
    </>
  );
}

interface TierProps {
  tier: Policy["tier"];
  policies: Policy[];
  openId: string | undefined;
}

function Tier({ tier, policies, openId }: TierProps) {
  const [search] = useSearchParams();
  if (policies.length === 0) return null;
  const keep = search.size === 0 ? "" : `?${search}`;
  const ordered = [...policies].sort((a, b) => a.order - b.order || a.id.localeCompare(b.id));
  return (
    <section className="tier">
      <h2>{tier}</h2>
      <ul>
        {ordered.map((policy) => (
          <li key={policy.id}>
            <Link
              href={`/policies/${policy.id}${keep}`}
              aria-current={policy.id === openId ? "true" : undefined}
            >
              {policy.name}
            </Link>{" "}
            <small>
              {policy.rules.length} {policy.rules.length === 1 ? "rule" : "rules"}, order {policy.order}
              {policy.mode !== "enforced" && `, ${policy.mode}`}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}
