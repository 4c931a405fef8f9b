namespace CityHelper.Benchmarks.Overload;

/// <summary>Milliseconds that answers took.</summary>
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

    /// <summary>The smallest that so large a part is not above; null of nothing.</summary>
    public double? Quantile(double part)
    {
        lock (_lock)
        {
            return _values.Count == 0 ? null : _values.Order().ElementAt(Math.Max(0, (int)Math.Ceiling(part * _values.Count) - 1));
        }
    }
}
