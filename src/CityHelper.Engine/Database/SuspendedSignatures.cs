using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Database;

/// <summary>
/// Execution signatures that are suspended because one of their statements outlived its time limit and could not be cancelled. Another run
/// would take another backend, until none is left.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class SuspendedSignatures(TimeProvider time)
{
    private readonly Lock _writing = new();
    private readonly Dictionary<ExecutionSignature, DateTimeOffset> _until = [];
    private volatile bool _any;

    /// <summary>Suspends a signature. At the maximum, the suspension that would end first is dropped.</summary>
    public void Add(ExecutionSignature signature)
    {
        lock (_writing)
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach (ExecutionSignature over in _until.Where(s => s.Value <= now).Select(s => s.Key).ToArray())
            {
                _until.Remove(over);
            }

            if (_until.Count >= Limits.SuspendedSignaturesMax)
            {
                _until.Remove(_until.MinBy(s => s.Value).Key);
            }

            _until[signature] = now + Limits.SuspendedFor;
            _any = true;
        }
    }

    /// <summary>The error if a signature is suspended, or null.</summary>
    internal OperationSuspendedError? Check(ExecutionSignature signature)
    {
        // The usual case: nothing is suspended.
        if (!_any)
        {
            return null;
        }

        lock (_writing)
        {
            TimeSpan left = _until.GetValueOrDefault(signature) - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                _until.Remove(signature);
                _any = _until.Count > 0;
                return null;
            }

            EngineTelemetry.SuspendedRefusals.Add(1);
            return new OperationSuspendedError((int)Math.Ceiling(left.TotalSeconds));
        }
    }
}
