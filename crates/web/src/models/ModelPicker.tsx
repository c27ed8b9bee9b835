import * as Popover from "@radix-ui/react-popover";
import { Check } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useModelsQuery } from "../api/api";
import type { Model } from "../contract";
import { useActive } from "../ui/active";
import { NoModel } from "./NoModel";

interface ModelPickerProps {
  /** The model that is chosen; `null` for the default. */
  value: string | null;
  trigger: ReactNode;
  onChoose: (model: string | null) => void;
  align?: "start" | "end";
  /** An entry above the models, such as the default one. */
  first?: string;
}

/** A list of the models, to search in and choose from. */
export function ModelPicker({ value, trigger, onChoose, align = "start", first }: ModelPickerProps) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover.Root open={isOpen} onOpenChange={setOpen}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content aria-label={t("admin.models")} className="menu model-picker" align={align} sideOffset={6} collisionPadding={8}>
          <ModelList
            value={value}
            first={first}
            onChoose={(model) => {
              setOpen(false);
              onChoose(model);
            }}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

interface Choice {
  id: string | null;
  name: string;
  provider: string;
}

const choiceOf = ({ id, provider }: Model): Choice => ({ id, provider, name: id.slice(provider.length + 1) });

function ModelList({ value, first, onChoose }: Pick<ModelPickerProps, "value" | "first" | "onChoose">) {
  const { t } = useTranslation();
  const { data: models = [] } = useModelsQuery();
  const [typed, setTyped] = useState("");
  const listId = useId();
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = models.filter(({ id }) => words.every((word) => id.toLowerCase().includes(word))).map(choiceOf);
  const choices: Choice[] = first && words.length === 0 ? [{ id: null, name: first, provider: "" }, ...found] : found;
  const { at, setActive, onKeyDown } = useActive(choices.length, listId, (index) => {
    const choice = choices[index];
    if (choice) onChoose(choice.id);
  });
  const hasLanguageModel = models.some((model) => model.is_language_model);
  return (
    <>
      <input
        type="text"
        role="combobox"
        className="model-search"
        autoComplete="off"
        aria-label={t("model.search")}
        placeholder={t("model.search")}
        aria-expanded="true"
        aria-controls={listId}
        aria-activedescendant={at >= 0 ? `${listId}-${at}` : undefined}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label={t("admin.models")} className="model-list">
        {choices.map((choice, index) => (
          <div
            key={choice.id ?? "default"}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={choice.id === value}
            data-active={index === at || undefined}
            className="menu-item"
            onClick={() => onChoose(choice.id)}
            onPointerMove={() => setActive(index)}
          >
            <span className="menu-icon" aria-hidden>
              {choice.id === value && <Check size={16} />}
            </span>
            <span className="model-name">{choice.name}</span>
            <span className="model-provider">{choice.provider}</span>
          </div>
        ))}
      </div>
      {choices.length === 0 && <p className="hint">{t("model.noMatch")}</p>}
      {!hasLanguageModel && models.length > 0 && (
        <p className="hint">
          <NoModel />
        </p>
      )}
    </>
  );
}
