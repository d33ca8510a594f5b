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
}

/** A form whose refusal is shown where it belongs, and which never loses what was typed. */
export function Form({ action, send, onDone, children, danger }: FormProps) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
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
    <form onSubmit={submit} noValidate>
      {children(problem)}
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
  const wrong = problem?.field === name || (problem?.field?.startsWith(`${name}.`) ?? false);
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
  send: () => Promise<unknown>;
  onClose: () => void;
}

/** Ask once more before something goes. */
export function DeleteDialog({ what, send, onClose }: DeleteProps) {
  return (
    <Dialog title={`Delete ${what}?`} onClose={onClose}>
      <Form
        action="Delete"
        danger
        onDone={onClose}
        send={async () => {
          await send();
        }}
      >
        {() => <p>It is refused while other objects refer to it.</p>}
      </Form>
    </Dialog>
  );
}
