import { isProblem } from "../api/problem";
import { useAppDispatch } from "../store/store";
import { type NoticeText, noticed } from "./notices";

/** Tells by a notice that something was refused; gives whether it was done. */
export function useTold(text: NoticeText = "notice.notSaved") {
  const dispatch = useAppDispatch();
  return ({ error }: { error?: unknown }): boolean => {
    if (error) dispatch(noticed(text, isProblem(error) ? error : null));
    return !error;
  };
}
