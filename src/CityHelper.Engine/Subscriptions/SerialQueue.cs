namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// Runs steps one after another, in the order in which they came, without a thread of its own: nobody who adds a step waits for it.
/// </summary>
/// <param name="run">Runs some steps that follow each other, at least one.</param>
/// <param name="togetherMax">The most steps that it is given at once.</param>
internal sealed class SerialQueue<T>(Func<IReadOnlyList<T>, Task> run, int togetherMax)
{
    private readonly Lock _gate = new();
    private Queue<T> _waiting = new();
    private bool _isRunning;

    /// <summary>The number of steps that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Adds a step.</summary>
    public void Add(T step)
    {
        lock (_gate)
        {
            _waiting.Enqueue(step);
            Start();
        }
    }

    /// <summary>Adds a step, unless none waits or runs and the caller does it at once, in which case nothing is added.</summary>
    /// <param name="step">The step.</param>
    /// <param name="tryNow">Called while no step runs; whether it did the step.</param>
    public void AddUnless(T step, Func<T, bool> tryNow)
    {
        lock (_gate)
        {
            if (!_isRunning && tryNow(step))
            {
                return;
            }

            _waiting.Enqueue(step);
            Start();
        }
    }

    /// <summary>Replaces waiting steps.</summary>
    /// <param name="removed">Whether a step is removed.</param>
    /// <param name="last">Added behind those that stay.</param>
    public void Replace(Predicate<T> removed, T last)
    {
        lock (_gate)
        {
            _waiting = new Queue<T>(_waiting.Where(step => !removed(step)).Append(last));
            Start();
        }
    }

    private void Start()
    {
        if (!_isRunning)
        {
            _isRunning = true;
            _ = Task.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            var steps = new List<T>();
            lock (_gate)
            {
                while (steps.Count < togetherMax && _waiting.TryDequeue(out T? step))
                {
                    steps.Add(step);
                }

                if (steps.Count == 0)
                {
                    _isRunning = false;
                    return;
                }
            }

            await run(steps);
        }
    }
}
