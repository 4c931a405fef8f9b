namespace CityHelper.Data.Changes;

/// <summary>Lets asynchronous calls run one after another, in the order in which they came.</summary>
/// <remarks>
/// Not a semaphore: that one continues cancelled waiters on threads of its own choice, and a test in virtual time must choose. A call waits
/// for those before it even when it is cancelled meanwhile; each of them has a deadline of its own.
/// </remarks>
internal sealed class CallTurns
{
    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;

    public async Task RunAsync(Func<Task> call)
    {
        // Continued elsewhere: a long queue must not become a deep stack.
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_gate)
        {
            before = _last;
            _last = done.Task;
        }

        await before;
        try
        {
            await call();
        }
        finally
        {
            done.SetResult();
        }
    }
}
