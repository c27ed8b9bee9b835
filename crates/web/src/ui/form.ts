import { type FormEvent, useRef, useState } from "react";
import { type Problem, isProblem } from "../api/problem";

/** A form that is sent once at a time, and keeps the problem of the last attempt. */
export function useForm(work: (fields: Record<string, string>) => Promise<void>) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [isBusy, setBusy] = useState(false);
  const isAtWork = useRef(false);
  const onSubmit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isAtWork.current) return;
    const form = event.currentTarget;
    const fields = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    isAtWork.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await work(fields);
    } catch (error) {
      if (!isProblem(error)) throw error;
      setProblem(error);
      const first = error.errors[0]?.pointer.slice(1);
      const input = first ? form.elements.namedItem(first) : null;
      if (input instanceof HTMLElement) input.focus();
    } finally {
      isAtWork.current = false;
      setBusy(false);
    }
  };
  return { problem, isBusy, onSubmit: (event: FormEvent<HTMLFormElement>) => void onSubmit(event) };
}
