using CityHelper.Data.Changes;

namespace CityHelper.Tests.Changes.Model;

/// <summary>A lock of transactions, shared or exclusive, first come first served.</summary>
internal sealed class ModelLock(ModelScheduler scheduler)
{
    private readonly Dictionary<ModelTransaction, bool> _holders = [];
    private readonly LinkedList<(ModelTransaction Transaction, bool IsShared, TaskCompletionSource<bool> Granted)> _waiting = [];

    /// <summary>Whether it was granted before the wait was too long.</summary>
    public Task<bool> AcquireAsync(ModelTransaction transaction, bool isShared, TimeSpan? wait)
    {
        if (transaction.IsEnded)
        {
            return Task.FromException<bool>(new ChangeDatabaseException("the server ended the session"));
        }

        if (_holders.ContainsKey(transaction))
        {
            return Task.FromResult(true);
        }

        var granted = new TaskCompletionSource<bool>();
        var node = _waiting.AddLast((transaction, isShared, granted));
        transaction.Locks.Add(this);
        Grant();
        if (wait is { } max && !granted.Task.IsCompleted)
        {
            scheduler.In(max.TotalMilliseconds, () =>
            {
                if (!granted.Task.IsCompleted)
                {
                    _waiting.Remove(node);
                    granted.SetResult(false);
                    Grant();
                }
            });
        }

        return granted.Task;
    }

    public void Release(ModelTransaction transaction)
    {
        _holders.Remove(transaction);
        for (var node = _waiting.First; node is not null; node = node.Next)
        {
            if (node.Value.Transaction == transaction)
            {
                _waiting.Remove(node);
                node.Value.Granted.SetException(new ChangeDatabaseException("the server ended the session"));
                break;
            }
        }

        Grant();
    }

    private void Grant()
    {
        while (_waiting.First is { } first
            && (_holders.Count == 0 || (first.Value.IsShared && _holders.Values.All(isShared => isShared))))
        {
            _waiting.RemoveFirst();
            _holders.Add(first.Value.Transaction, first.Value.IsShared);
            // It may go on, and end, within this call.
            first.Value.Granted.SetResult(true);
        }
    }
}

/// <summary>A transaction: its changes are seen by others at its commit, all at once.</summary>
internal sealed class ModelTransaction(int generation)
{
    /// <summary>The database's life in which it began: a promotion ends all of them.</summary>
    public int Generation { get; } = generation;

    /// <summary>Its id; 0 before its first change.</summary>
    public long Xid { get; set; }

    public List<Action<ModelState>> Changes { get; } = [];

    /// <summary>The events that its commit makes true.</summary>
    public List<(short City, Guid EventId)> Events { get; } = [];

    public List<ModelLock> Locks { get; } = [];

    public bool IsEnded { get; set; }
}
