using CityHelper.Engine.Telemetry;

namespace CityHelper.Engine.Database;

/// <summary>
/// The shapes that are not run for a while because a statement of theirs outlived its limit and did not end when it was told to: another
/// one would take another backend along, until there is none left.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class SuspendedShapes(TimeProvider time)
{
    private readonly Lock _writing = new();
    private readonly Dictionary<ExecutionShape, DateTimeOffset> _until = [];
    private volatile bool _any;

    /// <summary>
    /// Suspends a shape from now on. When as many as are kept are suspended, the one that would be first to end ends now.
    /// </summary>
    public void Add(ExecutionShape shape)
    {
        lock (_writing)
        {
            DateTimeOffset now = time.GetUtcNow();
            foreach (ExecutionShape over in _until.Where(s => s.Value <= now).Select(s => s.Key).ToArray())
            {
                _until.Remove(over);
            }

            if (_until.Count >= Limits.SuspendedShapesMax)
            {
                _until.Remove(_until.MinBy(s => s.Value).Key);
            }

            _until[shape] = now + Limits.SuspendedFor;
            _any = true;
        }
    }

    /// <summary>Why a shape is not run now, or null.</summary>
    internal OperationSuspendedError? Check(ExecutionShape shape)
    {
        // Nearly always: nothing is suspended.
        if (!_any)
        {
            return null;
        }

        lock (_writing)
        {
            TimeSpan left = _until.GetValueOrDefault(shape) - time.GetUtcNow();
            if (left <= TimeSpan.Zero)
            {
                _until.Remove(shape);
                _any = _until.Count > 0;
                return null;
            }

            EngineTelemetry.SuspendedRefusals.Add(1);
            return new OperationSuspendedError((int)Math.Ceiling(left.TotalSeconds));
        }
    }
}
