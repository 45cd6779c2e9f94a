export interface Task {
  title: string;
  done: boolean;
  minutes: number;
}

// Returns the titles of all tasks that are done.
export function doneTitles(tasks: Task[]): string[] {
  return tasks.filter((task) => task.done).map((task) => task.title);
}

