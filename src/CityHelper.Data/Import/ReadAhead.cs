using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace CityHelper.Data.Import;

/// <summary>Reads a sequence on another thread, a bounded number of items ahead.</summary>
internal static class ReadAhead
{
    private const int ItemsOfBlock = 1_000;

    private const int BlocksAhead = 4;

    /// <summary>The sequence in blocks. Its exception is thrown where the next block would be.</summary>
    public static async IAsyncEnumerable<T[]> Of<T>(IAsyncEnumerable<T> items, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var blocks = Channel.CreateBounded<T[]>(new BoundedChannelOptions(BlocksAhead) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task filling = Task.Run(() => FillAsync(items, blocks.Writer, stop.Token), CancellationToken.None);
        try
        {
            await foreach (T[] block in blocks.Reader.ReadAllAsync(cancellation))
            {
                yield return block;
            }
        }
        finally
        {
            // A consumer that stops early must not leave the thread waiting for room, nor reading a closed file.
            await stop.CancelAsync();
            await filling;
        }
    }

    private static async Task FillAsync<T>(IAsyncEnumerable<T> items, ChannelWriter<T[]> blocks, CancellationToken cancellation)
    {
        try
        {
            var block = new List<T>(ItemsOfBlock);
            await foreach (T item in items.WithCancellation(cancellation))
            {
                block.Add(item);
                if (block.Count == ItemsOfBlock)
                {
                    await blocks.WriteAsync([.. block], cancellation);
                    block.Clear();
                }
            }

            await blocks.WriteAsync([.. block], cancellation);
            blocks.Complete();
        }
        catch (Exception failure)
        {
            blocks.Complete(failure);
        }
    }
}
