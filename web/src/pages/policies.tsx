import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button, GridList, GridListItem, useDragAndDrop } from "react-aria-components";
import { Link, useLocation } from "wouter";
import { api, type Policy, Problem, type Rule, revised } from "../api/client";
import { groupsQuery, policiesQuery, useSession } from "../api/queries";
import { useProject } from "../app";
import { DeleteDialog, Dialog, Field, Form } from "../parts/form";
import { Icon } from "../parts/icons";
import { ReceiptLine } from "../parts/receipt";
import { RuleForm } from "../parts/ruleform";
import { serviceWords, usePeerNames } from "../parts/rules";

const TIERS = ["admin", "project", "baseline"] as const;

/** Policies by tier, in the order in which they are read; one of them open, with its rules. */
export default function PoliciesPage({ id }: { id: string | undefined }) {
  const project = useProject();
  const policies = useQuery(policiesQuery(project)).data ?? [];
  const mayChange = useSession()?.role !== "viewer";
  const [making, setMaking] = useState(false);
  const open = policies.find((policy) => policy.id === id);
  return (
    <>
      <h1>Policies</h1>
      <p>
        The first rule that matches decides, tier after tier; if none does, the defaults of the network do.{" "}
        {mayChange && (
          <button type="button" className="primary" onClick={() => setMaking(true)}>
            <Icon name="plus" /> New policy
          </button>
        )}
      </p>
      <div className="split">
        <div>
          {TIERS.map((tier) => (
            <Tier key={tier} tier={tier} policies={policies.filter((one) => one.tier === tier)} openId={id} />
          ))}
          {policies.length === 0 && (
            <div className="empty">
              <p>There is no policy yet; the defaults of the networks decide.</p>
              <pre>weft policy create no-ping --target web</pre>
            </div>
          )}
        </div>
        {open !== undefined && <PolicyView key={open.id} policy={open} mayChange={mayChange} />}
      </div>
      {making && <CreateDialog project={project} onClose={() => setMaking(false)} />}
    </>
  );
}

function Tier({ tier, policies, openId }: { tier: string; policies: Policy[]; openId: string | undefined }) {
  if (policies.length === 0) return null;
  const ordered = [...policies].sort((a, b) => a.order - b.order || a.id.localeCompare(b.id));
  return (
    <section className="tier">
      <h2>{tier}</h2>
      <ul>
        {ordered.map((policy) => (
          <li key={policy.id}>
            <Link href={`/policies/${policy.id}`} aria-current={policy.id === openId ? "true" : undefined}>
              {policy.name}
            </Link>{" "}
            <small>
              {policy.rules.length} rules, order {policy.order}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

function PolicyView({ policy, mayChange }: { policy: Policy; mayChange: boolean }) {
  const groups = useQuery(groupsQuery(policy.project)).data ?? [];
  const peers = usePeerNames(policy.project);
  const [adding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const [revision, setRevision] = useState<number | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [, go] = useLocation();
  const target = groups.find((group) => group.id === policy.target);

  /** Replace the rules, unless somebody else has changed the policy since it was read. */
  const save = async (rules: Rule[]) => {
    setProblem(null);
    try {
      const answer = await revised(
        api.PATCH("/api/v1/policies/{reference}", {
          params: { path: { reference: policy.id }, header: { "if-match": `"${policy.revision}"` } },
          body: { rules },
        }),
      );
      setRevision(answer.revision);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  };
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: (keys) => [...keys].map((key) => ({ "text/plain": String(key) })),
    onReorder: (event) => {
      const moved = policy.rules.filter((rule) => event.keys.has(rule.id));
      const rest = policy.rules.filter((rule) => !event.keys.has(rule.id));
      const at = rest.findIndex((rule) => rule.id === event.target.key);
      rest.splice(event.target.dropPosition === "after" ? at + 1 : at, 0, ...moved);
      void save(rest);
    },
  });
  return (
    <section className="policy">
      <header>
        <h2>{policy.name}</h2>
        {mayChange && (
          <span className="buttons">
            <button type="button" className="primary" onClick={() => setAdding(true)}>
              <Icon name="plus" /> Rule
            </button>
            <button type="button" onClick={() => setLeaving(true)}>
              Delete
            </button>
          </span>
        )}
      </header>
      <p>
        For{" "}
        {target === undefined
          ? "every endpoint of the project"
          : `group ${target.name} (${target.members.length} endpoints)`}
        . {policy.description}
      </p>
      <GridList
        aria-label={`Rules of ${policy.name}`}
        items={policy.rules}
        dragAndDropHooks={mayChange ? dragAndDropHooks : undefined}
        renderEmptyState={() => <p className="quiet">It has no rule yet.</p>}
        className="rulelist"
      >
        {(rule) => (
          <GridListItem
            id={rule.id}
            textValue={`${rule.direction} ${rule.action} ${serviceWords(rule.service)}`}
          >
            {mayChange && (
              <Button slot="drag" aria-label="Move this rule">
                ⋮⋮
              </Button>
            )}
            <span className="rule">
              {rule.direction} <b className={`action ${rule.action}`}>{rule.action}</b>{" "}
              {serviceWords(rule.service)} {rule.direction === "ingress" ? "from" : "to"} {peers(rule.peer)}
              {!rule.stateful && " (stateless)"}
              {rule.log && " (logged)"}
              {rule.count && " (counted)"}
              {rule.description !== "" && <small> {rule.description}</small>}
            </span>
            {mayChange && (
              <Button
                aria-label={`Remove rule ${rule.direction} ${rule.action}`}
                onPress={() => void save(policy.rules.filter((one) => one.id !== rule.id))}
              >
                Remove
              </Button>
            )}
          </GridListItem>
        )}
      </GridList>
      {problem !== null && (
        <p className="bad" role="alert">
          {problem.message}
        </p>
      )}
      {revision !== null && (
        <p>
          <ReceiptLine revision={revision} />
        </p>
      )}
      {adding && (
        <Dialog title={`Add a rule to ${policy.name}`} onClose={() => setAdding(false)} wide>
          <RuleForm
            policy={policy}
            onDone={(made) => {
              setRevision(made);
              setAdding(false);
            }}
          />
        </Dialog>
      )}
      {leaving && (
        <DeleteDialog
          what={`policy ${policy.name}`}
          onClose={() => setLeaving(false)}
          send={async () => {
            await api.DELETE("/api/v1/policies/{reference}", { params: { path: { reference: policy.id } } });
            go("/policies");
          }}
        />
      )}
    </section>
  );
}

function CreateDialog({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const groups = useQuery(groupsQuery(project)).data ?? [];
  const [name, setName] = useState("");
  const [target, setTarget] = useState("");
  const [tier, setTier] = useState<Policy["tier"]>("project");
  const [, go] = useLocation();
  return (
    <Dialog title="New policy" onClose={onClose}>
      <Form
        action="Create"
        onDone={onClose}
        send={async () => {
          const made = await revised(
            api.POST("/api/v1/policies", {
              body: { project, name, tier, order: 1000, target: target === "" ? null : target },
            }),
          );
          go(`/policies/${made.body.id}`);
        }}
      >
        {(problem) => (
          <>
            <Field label="Name" name="name" problem={problem}>
              {(attributes) => (
                <input {...attributes} value={name} onChange={(event) => setName(event.target.value)} />
              )}
            </Field>
            <Field label="For" name="target" problem={problem}>
              {(attributes) => (
                <select {...attributes} value={target} onChange={(event) => setTarget(event.target.value)}>
                  <option value="">every endpoint of the project</option>
                  {groups.map((group) => (
                    <option key={group.id} value={group.id}>
                      group {group.name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            <Field
              label="Tier"
              name="tier"
              problem={problem}
              hint="admin is read before project, project before baseline"
            >
              {(attributes) => (
                <select
                  {...attributes}
                  value={tier}
                  onChange={(event) => setTier(event.target.value as Policy["tier"])}
                >
                  {TIERS.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </select>
              )}
            </Field>
          </>
        )}
      </Form>
    </Dialog>
  );
}
