// Forms in a dialog: the API's errors stand at the field that they are about.

import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Problem } from "../api/client";
import { Icon } from "./icons";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}

/** A modal dialog: the browser keeps the focus inside and gives it back. */
export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("form :is(input, select, textarea)")?.focus();
  }, []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby={heading} className={wide ? "wide" : undefined}>
      <header>
        <h2 id={heading}>{title}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface FormProps {
  action: string;
  send: () => Promise<void>;
  /** Called when the server took it. */
  onDone: () => void;
  children: (problem: Problem | null) => ReactNode;
  danger?: boolean;
  /** Throws a Problem with what is in the fields; asked while somebody types, and told at fields they touched. */
  check?: () => Promise<void>;
}

/** So long after the last key what was typed is looked at. */
const PAUSE_MS = 350;

/** What is wrong with what was typed so far, at a field that was typed into. */
function useEarly(check: (() => Promise<void>) | undefined) {
  const [early, setEarly] = useState<Problem | null>(null);
  const touched = useRef(new Set<string>());
  const latest = useRef(check);
  const timer = useRef<number | undefined>(undefined);
  const round = useRef(0);
  latest.current = check;
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const look = async () => {
    const mine = ++round.current;
    const found = await latest.current?.().then(
      () => null,
      (error: unknown) => (error instanceof Problem ? error : null),
    );
    if (mine === round.current) setEarly(found ?? null);
  };
  const onChange = (event: FormEvent) => {
    touched.current.add((event.target as HTMLInputElement).name);
    if (latest.current === undefined) return;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void look(), PAUSE_MS);
  };
  const mine = [...touched.current].some((name) => name !== "" && isAbout(early, name));
  return { early: mine ? early : null, onChange };
}

/** Whether a problem is that of the field called `name`. */
const isAbout = (problem: Problem | null, name: string) =>
  problem?.field === name || (problem?.field?.startsWith(`${name}.`) ?? false);

/** A form whose refusal is shown where it belongs, and which never loses what was typed. */
export function Form({ action, send, onDone, children, danger, check }: FormProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const { early, onChange } = useEarly(check);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await send();
      onDone();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} onChange={onChange} noValidate>
      {children(early ?? problem)}
      {problem !== null && (
        <p className="bad" role="alert">
          {problem.message}
        </p>
      )}
      <p className="actions">
        <button type="submit" className={danger ? "danger" : "primary"} disabled={busy}>
          {busy ? "One moment…" : action}
        </button>
      </p>
    </form>
  );
}

interface FieldProps {
  label: string;
  name: string;
  problem: Problem | null;
  hint?: ReactNode;
  children: (attributes: {
    id: string;
    name: string;
    "aria-invalid": boolean;
    "aria-describedby": string;
  }) => ReactNode;
}

/** A labelled control; marked when the API says that it is the one that is wrong. */
export function Field({ label, name, problem, hint, children }: FieldProps) {
  const id = useId();
  const wrong = isAbout(problem, name);
  return (
    <div className={wrong ? "field wrong" : "field"}>
      <label htmlFor={id}>{label}</label>
      {children({ id, name, "aria-invalid": wrong, "aria-describedby": `${id}-hint` })}
      <small id={`${id}-hint`}>
        {wrong && <span className="bad">{problem?.message} </span>}
        {hint}
      </small>
    </div>
  );
}

interface DeleteProps {
  what: string;
  verb?: string;
  warning?: string;
  send: () => Promise<unknown>;
  onClose: () => void;
}

/** Ask once more before something goes. */
export function DeleteDialog({ what, verb = "Delete", warning, send, onClose }: DeleteProps) {
  return (
    <Dialog title={`${verb} ${what}?`} onClose={onClose}>
      <Form
        action={verb}
        danger
        onDone={onClose}
        send={async () => {
          await send();
        }}
      >
        {() => <p>{warning ?? "It is refused while other objects refer to it."}</p>}
      </Form>
    </Dialog>
  );
}

interface TextFieldProps {
  label: string;
  name: string;
  problem: Problem | null;
  hint?: ReactNode;
  placeholder?: string;
  value: string;
  onChange: (value: string) => void;
}

/** A field of one line of text. */
export function TextField({ label, name, problem, hint, placeholder, value, onChange }: TextFieldProps) {
  return (
    <Field label={label} name={name} problem={problem} hint={hint}>
      {(attributes) => (
        <input
          {...attributes}
          placeholder={placeholder}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

interface ChoiceProps extends Omit<TextFieldProps, "placeholder"> {
  /** Value and words of each. */
  options: readonly (readonly [value: string, words: string])[];
}

/** A field that is one of some. */
export function ChoiceField({ label, name, problem, hint, value, onChange, options }: ChoiceProps) {
  return (
    <Field label={label} name={name} problem={problem} hint={hint}>
      {(attributes) => (
        <select {...attributes} value={value} onChange={(event) => onChange(event.target.value)}>
          {options.map(([one, words]) => (
            <option key={one} value={one}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** The number that was typed into a field. Throws a Problem at that field where it is none. */
export function numberIn(field: string, text: string): number {
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number)) {
    throw new Problem(0, "invalid", `“${text}” is no number.`, field);
  }
  return number;
}
