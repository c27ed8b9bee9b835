import { useLocation } from "wouter";

/** Leaves the conversation that is shown when it is among those that are deleted. */
export function useLeaveDeleted(): (ids: string[]) => void {
  const [location, navigate] = useLocation();
  return (ids) => {
    if (ids.some((id) => location === `/c/${id}`)) navigate("/");
  };
}
