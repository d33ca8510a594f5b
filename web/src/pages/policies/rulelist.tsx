// The rules of a policy in their order: dragged, or moved by a button, which a keyboard and a finger press, too.

import type { ReactNode } from "react";
import { Button, GridList, GridListItem, useDragAndDrop } from "react-aria-components";
import { useSearchParams } from "wouter";
import { Icon } from "../../parts/icons";
import { serviceWords, usePeerNames } from "../../parts/rules";
import { type DraftRule, dropped, stepped } from "./draft";

interface RuleListProps {
  title: string;
  project: string;
  rules: DraftRule[];
  /** What the policy says by now, by the id of the rule. */
  known: ReadonlyMap<string, DraftRule>;
  /** Undefined for who may only look. */
  onChange: ((rules: DraftRule[]) => void) | undefined;
  onEdit: (rule: DraftRule) => void;
  /** What else is told of a rule, by its id. */
  notes: ReadonlyMap<string, ReactNode>;
}

export function RuleList({ title, project, rules, known, onChange, onEdit, notes }: RuleListProps) {
  const peers = usePeerNames(project);
  const sought = useSearchParams()[0].get("rule");
  const words = (rule: DraftRule) =>
    `${rule.direction} ${rule.action} ${serviceWords(rule.service)} ` +
    `${rule.direction === "ingress" ? "from" : "to"} ${peers(rule.peer)}`;
  const { dragAndDropHooks } = useDragAndDrop({
    getItems: (keys) => [...keys].map((key) => ({ "text/plain": String(key) })),
    onReorder: ({ keys, target }) =>
      onChange?.(
        dropped(rules, keys, String(target.key), target.dropPosition === "after" ? "after" : "before"),
      ),
  });
  return (
    <GridList
      aria-label={title}
      items={rules}
      dependencies={[rules, known, words, notes, sought]}
      dragAndDropHooks={onChange && dragAndDropHooks}
      renderEmptyState={() => <p className="quiet">It has no rule yet.</p>}
      className="rulelist"
    >
      {(rule) => (
        <GridListItem
          id={rule.id}
          textValue={words(rule)}
          className={rule.id === sought ? "sought" : undefined}
        >
          {onChange && (
            <Button slot="drag" aria-label={`Drag: ${words(rule)}`}>
              <Icon name="grip" />
            </Button>
          )}
          <span className="place">{rules.indexOf(rule) + 1}</span>
          <span className="rule">
            {rule.direction} <b className={`action ${rule.action}`}>{rule.action}</b>{" "}
            {serviceWords(rule.service)} {rule.direction === "ingress" ? "from" : "to"} {peers(rule.peer)}
            {!rule.stateful && " (stateless)"}
            {rule.log && " (logged)"}
            {rule.count && " (counted)"}
            {rule.expires !== null && ` (until ${new Date(rule.expires).toLocaleString()})`}
            {known.get(rule.id) !== rule && (
              <em className="fresh">{known.has(rule.id) ? " changed" : " new"}</em>
            )}
            {rule.description !== "" && <small> {rule.description}</small>}
            {known.get(rule.id) === rule && <small className="hits">{notes.get(rule.id)}</small>}
          </span>
          {onChange && (
            <span className="buttons">
              <Button
                aria-label={`Up: ${words(rule)}`}
                isDisabled={rules[0] === rule}
                onPress={() => onChange(stepped(rules, rule.id, -1))}
              >
                <Icon name="up" />
              </Button>
              <Button
                aria-label={`Down: ${words(rule)}`}
                isDisabled={rules.at(-1) === rule}
                onPress={() => onChange(stepped(rules, rule.id, 1))}
              >
                <Icon name="down" />
              </Button>
              <Button aria-label={`Edit: ${words(rule)}`} onPress={() => onEdit(rule)}>
                Edit
              </Button>
              <Button
                aria-label={`Remove: ${words(rule)}`}
                onPress={() => onChange(rules.filter((one) => one.id !== rule.id))}
              >
                Remove
              </Button>
            </span>
          )}
        </GridListItem>
      )}
    </GridList>
  );
}
