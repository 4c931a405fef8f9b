namespace CityHelper.Benchmarks.Overload;

/// <summary>Response times in milliseconds.</summary>
internal sealed class Samples
{
    private readonly List<double> _values = [];
    private readonly Lock _lock = new();

    public int Count => _values.Count;

    public void Add(TimeSpan took)
    {
        lock (_lock)
        {
            _values.Add(took.TotalMilliseconds);
        }
    }

    /// <summary>The smallest sample that at least this part of all samples does not exceed; null without samples.</summary>
    public double? Quantile(double part)
    {
        lock (_lock)
        {
            return _values.Count == 0 ? null : _values.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(part * _values.Count) - 1));
        }
    }
}
